"""Kling's first API standard: tasks one by one and in pages, voices, elements, the account."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from generations.catalogue.billable import Unpriced
from generations.catalogue.params import Kind
from generations.catalogue.products.presets import PRESETS
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.validation import InvalidRequest
from generations.sandbox import credentials, sources
from generations.sandbox.limits import AS_SOLD
from generations.sandbox.vendor import Refusal, Vendor, Wish
from generations.sandbox.web import Handler, answer, body_of, checked, vendor_of
from generations.wire.kling import account as packs
from generations.wire.kling import own, products
from generations.wire.kling import server as codec
from generations.wire.task import BadRequest, TaskState, WireReply
from kling_saas.lib.sandboxes import HangUp

_CODES: Mapping[str, int] = {
    "moderation": 1301,
    "discontinued": 1203,
    "rate": 1302,
    "parallel": 1303,
    "unavailable": 5001,
    "duplicate": 1201,
    "internal": 5000,
}
_BALANCE_EMPTY, _INVALID, _MISSING = 1102, 1201, 1203
_HELD_SECONDS = 300.0


def error(code: int, message: str = "") -> WireReply:
    """An error with the HTTP status that Kling's own table gives it."""
    return codec.encode_error(code, message, str(uuid.uuid4()), status_style="official")


def guarded(handler: Handler) -> Handler:
    """The handler with everything it may raise turned into Kling's answers."""

    async def serve(request: Request) -> Response:
        try:
            return await handler(request)
        except credentials.Unauthorised as refusal:
            return answer(error(refusal.code, refusal.message))
        except (BadRequest, InvalidRequest, Unpriced) as refusal:
            return answer(error(_INVALID, str(refusal)))
        except Refusal as refusal:
            if refusal.sort == "dropped":
                return HangUp()
            return answer(error(_CODES[refusal.sort], refusal.message))

    return serve


def caller(request: Request, *, static_only: bool = False) -> str:
    """The account that calls. Raises Unauthorised."""
    header = request.headers.get("authorization")
    return credentials.bearer(header, vendor_of(request).settings, static_only=static_only)


def _create(kind: Kind) -> Handler:
    async def create(request: Request) -> Response:
        vendor, account = vendor_of(request), caller(request)
        if account.startswith(credentials.EMPTY):
            return answer(error(_BALANCE_EMPTY))
        body = await body_of(request)
        order = codec.decode_order(kind, body)
        params, product = checked(order, body), AS_SOLD.get(kind)
        sources.refuse_deleted(vendor, product, params)
        if product:
            params = await sources.take_in(vendor, account, product, params)
            if beyond := products.beyond(params):
                raise InvalidRequest((beyond,))
        wish = Wish(
            dialect="kling",
            account=account,
            params=params,
            external_id=order.external_id,
            callback_url=order.callback_url,
        )
        record = await vendor.create(wish)
        if product and product.at_once:
            return await _at_once(vendor, record.id)
        return answer(codec.encode_created(vendor.created(record), str(uuid.uuid4())))

    return create


async def _at_once(vendor: Vendor, task_id: str) -> Response:
    """The result itself, when it is there."""
    task = await vendor.ended(task_id, _HELD_SECONDS)
    if task.state is not TaskState.SUCCEEDED:
        return answer(error(_INVALID, task.message))
    return answer(codec.encode_at_once(task, str(uuid.uuid4())))


def _get(kind: Kind) -> Handler:
    async def get(request: Request) -> Response:
        vendor = vendor_of(request)
        record = vendor.store.find("kling", caller(request), request.path_params["task"])
        if record is None or record.kind != kind:
            return answer(error(_MISSING, "task not found"))
        return answer(codec.encode_task(vendor.task(record), str(uuid.uuid4())))

    return get


def _list(kind: Kind) -> Handler:
    async def listed(request: Request) -> Response:
        vendor, account = vendor_of(request), caller(request)
        page, size = _bounded(request, "pageNum", 1, 1000), _bounded(request, "pageSize", 30, 500)
        found = vendor.store.page(account, "kling", kind, page, size)
        tasks = [vendor.task(record) for record in found]
        return answer(codec.encode_list(tasks, str(uuid.uuid4())))

    return listed


def _delete(sort: str) -> Handler:
    """Gone when it was there: a second time is refused, as Kling does."""

    async def delete(request: Request) -> Response:
        vendor, account = vendor_of(request), caller(request)
        body = await body_of(request)
        named = body.get(f"{sort}_id") if isinstance(body, dict) else None
        record = vendor.store.find("kling", account, str(named or ""))
        made = PRODUCTS.get(record.kind) if record else None
        if record is None or made is None or made.gives != f"{sort}_id":
            return answer(error(_INVALID, f"{sort} id not found"))
        if not vendor.store.delete(record.id):
            said = f"{sort.capitalize()} already be deleted for id: {record.id}"
            return answer(error(_INVALID, said))
        return answer(own.encode_deleted(record.id, str(uuid.uuid4())))

    return delete


def _presets(sort: str) -> Handler:
    async def presets(request: Request) -> Response:
        caller(request)
        page, size = _bounded(request, "pageNum", 1, 1000), _bounded(request, "pageSize", 30, 1000)
        found = [preset for preset in PRESETS if preset.sort == sort]
        some = found[(page - 1) * size : page * size]
        return answer(own.encode_presets(some, str(uuid.uuid4())))

    return presets


def _bounded(request: Request, name: str, usual: int, most: int) -> int:
    text = request.query_params.get(name, str(usual))
    if not text.isdecimal() or len(text) > 6 or not 1 <= int(text) <= most:
        raise BadRequest(name, f"must be a number between 1 and {most}")
    return int(text)


async def _costs(request: Request) -> Response:
    """What is left of the account's pack, once a second (Kling's account page)."""
    vendor, account = vendor_of(request), caller(request)
    if not vendor.may_ask_costs(account):
        return answer(error(_CODES["rate"]))
    return answer(packs.encode_packs([vendor.pack(account)], str(uuid.uuid4())))


async def unknown(request: Request) -> Response:
    """Kling's answer to an address it does not have."""
    return answer(error(1202, f"{request.method} {request.url.path} is not served by the sandbox"))


def routes() -> list[Route]:
    """The addresses below `/kling`."""
    kinds: tuple[Kind, ...] = ("text2video", "image2video", *PRODUCTS)
    found = []
    for kind in kinds:
        base = products.path(kind)
        found += [
            Route(base, guarded(_create(kind)), methods=["POST"]),
            Route(base, guarded(_list(kind)), methods=["GET"]),
            Route(base + "/{task:path}", guarded(_get(kind)), methods=["GET"]),
        ]
    found += [Route(a.path, guarded(_presets(a.sort)), methods=["GET"]) for a in own.PRESETS]
    found += [Route(a.path, guarded(_delete(a.sort)), methods=["POST"]) for a in own.DELETIONS]
    return [*found, Route("/account/costs", guarded(_costs), methods=["GET"])]
