"""What the dialects share: reading a body, checking an order, writing an answer, hanging up."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from generations.catalogue.params import Params
from generations.catalogue.validation import check
from generations.sandbox.limits import AS_SOLD
from generations.sandbox.vendor import Vendor
from generations.wire.task import BadRequest, Order, WireReply
from kling_saas.lib.sandboxes import MARK, HangUp, keep_in_reach

Handler = Callable[[Request], Awaitable[Response]]
VENDORS = ("/kling", "/segmind", "/llmprovider")
_BODY_LIMIT = 32 * 1024 * 1024


class Wire:
    """The outermost layer: lets a handler reach the connection, in order to drop it."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, keeping uvicorn's own transport within the handlers' reach."""
        if scope["type"] == "http":
            keep_in_reach(scope, send)
            asked = scope["method"] == "GET" and scope["path"].startswith(VENDORS)
            if asked and self._app.state.vendor.weather.strikes("poll-lost"):
                await HangUp()(scope, receive, send)
                return
        await self._app(scope, receive, send)


def vendor_of(request: Request) -> Vendor:
    """The vendor this process plays."""
    return cast(Vendor, request.app.state.vendor)


async def body_of(request: Request) -> Any:
    """The request's JSON. Raises BadRequest."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _BODY_LIMIT:
            raise BadRequest("body", "is larger than 32 MB")
    try:
        return json.loads(bytes(content))
    except ValueError as trouble:
        raise BadRequest("body", "must be JSON") from trouble


def checked(order: Order, body: Any, *, max_shots: int = 6, max_seconds: int = 15) -> Params:
    """The order as valid parameters; the sandbox reads `seed` as well. Raises InvalidRequest."""
    fields = dict(order.fields)
    if isinstance(body, dict) and body.get("seed") is not None:
        fields["seed"] = body["seed"]
    found = check(
        fields,
        lenient=True,
        sandbox=True,
        max_shots=max_shots,
        max_seconds=max_seconds,
        products=AS_SOLD,
    )
    return found.params


def answer(reply: WireReply) -> Response:
    """A codec's reply as an HTTP answer, marked as the sandbox's."""
    return JSONResponse(reply.json, reply.status, headers={**reply.headers, **MARK})
