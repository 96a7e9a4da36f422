"""Kling's 2026 standard: the model in the path, static keys only, tasks asked for in batches."""

from __future__ import annotations

import uuid

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from generations.sandbox import credentials, kling, sources
from generations.sandbox.limits import AS_SOLD
from generations.sandbox.vendor import Wish
from generations.sandbox.web import answer, body_of, checked, vendor_of
from generations.wire.kling_standard import server as codec
from generations.wire.task import BadRequest

_BATCH = 100
_BALANCE_EMPTY, _MISSING = 1102, 1203


async def _create(request: Request) -> Response:
    vendor, account = vendor_of(request), kling.caller(request, static_only=True)
    found = codec.route(f"{request.path_params['kind']}/{request.path_params['model']}")
    if found is None:
        return answer(kling.error(_MISSING, "the model does not exist"))
    if account.startswith(credentials.EMPTY):
        return answer(kling.error(_BALANCE_EMPTY))
    body = await body_of(request)
    order = codec.decode_order(*found, body)
    params, product = checked(order, body), AS_SOLD.get(found[0])
    if product:
        params = await sources.take_in(vendor, account, product, params)
    wish = Wish(
        dialect="kling_standard",
        account=account,
        params=params,
        external_id=order.external_id,
        callback_url=order.callback_url,
    )
    record = await vendor.create(wish)
    return answer(codec.encode_created(vendor.created(record), str(uuid.uuid4())))


async def _tasks(request: Request) -> Response:
    """The tasks of the listed ids that exist; an unknown id is left out, as Kling does."""
    vendor, account = vendor_of(request), kling.caller(request, static_only=True)
    asked = request.query_params
    by_id, by_label = asked.get("task_ids", ""), asked.get("external_task_ids", "")
    if bool(by_id) == bool(by_label):
        raise BadRequest("task_ids", "or external_task_ids must be given, and not both")
    names = (by_id or by_label).split(",")
    if len(names) > _BATCH:
        raise BadRequest("task_ids", f"must be at most {_BATCH}")
    found = [vendor.store.find("kling_standard", account, name) for name in names if name]
    tasks = [vendor.task(record) for record in found if record is not None]
    return answer(codec.encode_tasks(tasks, str(uuid.uuid4())))


def routes() -> list[Route]:
    """The addresses below `/kling` that the first standard does not have."""
    return [
        Route("/tasks", kling.guarded(_tasks), methods=["GET"]),
        Route("/{kind:str}/{model:str}", kling.guarded(_create), methods=["POST"]),
    ]
