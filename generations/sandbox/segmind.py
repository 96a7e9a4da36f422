"""Segmind: v1, which holds the line until the film is there, and v2, which queues."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from generations.catalogue.validation import InvalidRequest
from generations.sandbox import credentials, films, sources
from generations.sandbox.limits import AS_SOLD
from generations.sandbox.store import Record
from generations.sandbox.vendor import Refusal, Wish
from generations.sandbox.web import Handler, answer, body_of, checked, vendor_of
from generations.wire.segmind import server as codec
from generations.wire.segmind import slugs, voices
from generations.wire.task import BadRequest, TaskState
from kling_saas.lib.sandboxes import HangUp

_STATUS: Mapping[str, int] = {
    "moderation": 400,
    "discontinued": 410,
    "rate": 429,
    "parallel": 429,
    "unavailable": 503,
    "internal": 500,
}
_WAIT_SECONDS = 900
_LEAST_WAIT_SECONDS = 3.0
_MISSING_KEY = "Missing Authorization or x-api-key in header"
_BAD_KEY = "Unauthorized. API key is invalid or may have expired"


def _guarded(handler: Handler) -> Handler:
    async def serve(request: Request) -> Response:
        try:
            return await handler(request)
        except credentials.Unauthorised as refusal:
            message = _MISSING_KEY if refusal.code == 1001 else _BAD_KEY
            return answer(codec.encode_error(401, message))
        except (BadRequest, InvalidRequest) as refusal:
            return answer(codec.encode_error(400, str(refusal)))
        except Refusal as refusal:
            if refusal.sort == "dropped":
                return HangUp()
            return answer(codec.encode_error(_STATUS[refusal.sort], refusal.message))

    return serve


def _caller(request: Request) -> str:
    return credentials.static(request.headers.get("x-api-key"), vendor_of(request).settings)


async def _order(request: Request) -> Record | Response:
    """The task of a create, or the answer that refuses it."""
    vendor, account = vendor_of(request), _caller(request)
    slug = slugs.find(request.path_params["slug"])
    voice = request.path_params["slug"] == voices.SLUG
    if slug is None and not voice:
        return answer(codec.encode_error(404, f"Model {request.path_params['slug']} not found"))
    if account.startswith(credentials.EMPTY):
        return answer(codec.encode_error(406, "Insufficient credits: your balance is $0.00"))
    body = await body_of(request)
    order = codec.decode_order(slug, body) if slug else voices.decode_order(body)
    params = checked(order, body, max_shots=slugs.SHOTS_MAX, max_seconds=slugs.SECONDS_MAX)
    if product := AS_SOLD.get(params.task):
        params = await sources.take_in(vendor, account, product, params)
    return await vendor.create(Wish(dialect="segmind", account=account, params=params))


async def _queue(request: Request) -> Response:
    found = await _order(request)
    if isinstance(found, Response):
        return found
    vendor = vendor_of(request)
    base = f"{vendor.settings.public_url}/segmind"
    return answer(codec.encode_queued(vendor.created(found), base))


async def _block(request: Request) -> Response:
    """Hold the line; then raw bytes, or JSON for a client that accepts nothing else."""
    found = await _order(request)
    if isinstance(found, Response):
        return found
    vendor = vendor_of(request)
    limit = max(_LEAST_WAIT_SECONDS, _WAIT_SECONDS / vendor.settings.speed)
    task = await vendor.ended(found.id, limit)
    if task.state is TaskState.FAILED:
        return answer(codec.encode_error(500, task.message, request_id=task.id))
    if task.state is not TaskState.SUCCEEDED:
        return answer(codec.encode_error(504, "Gateway timeout", request_id=task.id))
    accepted = request.headers.get("accept", "*/*")
    if task.facts or ("application/json" in accepted and "video/" not in accepted):
        return answer(codec.encode_result(task))
    return films.body(vendor, found, codec.accounting_headers(task))


async def _status(request: Request) -> Response:
    return _asked(request, with_output=False)


async def _result(request: Request) -> Response:
    return _asked(request, with_output=True)


def _asked(request: Request, *, with_output: bool) -> Response:
    vendor, name = vendor_of(request), request.path_params["task"]
    record = vendor.store.find("segmind", _caller(request), name)
    if record is None:
        return answer(codec.encode_error(404, f"Request {name} not found"))
    encode = codec.encode_result if with_output else codec.encode_status
    return answer(encode(vendor.task(record)))


async def _credits(request: Request) -> Response:
    return answer(codec.encode_credits(vendor_of(request).balance_usd(_caller(request))))


def routes() -> list[Route]:
    """The addresses below `/segmind`."""
    return [
        Route("/v1/get-user-credits", _guarded(_credits), methods=["GET"]),
        Route("/v1/{slug}", _guarded(_block), methods=["POST"]),
        Route("/v2/requests/{task}/status", _guarded(_status), methods=["GET"]),
        Route("/v2/requests/{task}", _guarded(_result), methods=["GET"]),
        Route("/v2/{slug}", _guarded(_queue), methods=["POST"]),
    ]
