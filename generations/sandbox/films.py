"""Hands out films: whole, cut short, spoilt or behind a link that has expired."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Mapping
from random import Random

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from generations.sandbox.renderer import FACE, MARKED, WAV
from generations.sandbox.store import Record
from generations.sandbox.vendor import Vendor
from generations.sandbox.web import vendor_of
from generations.wire.task import TaskState
from kling_saas.lib.sandboxes import MARK, gone

_TYPES = {
    ".mp4": "video/mp4", ".mp3": "audio/mpeg", MARKED: "video/mp4", WAV: "audio/wav",
    FACE: "image/jpeg",
}  # fmt: skip
# The first box alone: it looks like a film to whoever reads the first bytes only.
_HEAD = 32


class CutShort(Response):
    """A body that ends at half of its Content-Length."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and half of the body, then close the connection."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["state"]["transport"].close()
        await gone(receive)


def body(
    vendor: Vendor,
    record: Record,
    headers: Mapping[str, str] | None = None,
    suffix: str = ".mp4",
) -> Response:
    """The film (or sound) of a finished task, in the state its prompt asks for."""
    path, kind = vendor.studio.path(record.film, suffix), _TYPES[suffix]
    script = record.script
    sent = {**(headers or {}), **MARK}
    if script.has("truncated") or vendor.weather.strikes("truncated"):
        return CutShort(path.read_bytes(), media_type=kind, headers=sent)
    if script.has("corrupt") or vendor.weather.strikes("corrupt"):
        content = path.read_bytes()
        noise = Random(record.id).randbytes(len(content) - _HEAD)  # noqa: S311 - not a secret
        return Response(content[:_HEAD] + noise, media_type=kind, headers=sent)
    return FileResponse(path, media_type=kind, headers=sent)


async def _film(request: Request) -> Response:
    vendor = vendor_of(request)
    record = vendor.store.get(request.path_params["task"])
    known = f".{request.path_params['form']}" in _TYPES
    if record is None or not known or vendor.task(record).state is not TaskState.SUCCEEDED:
        return _refused(404, "no such film")
    asked = request.query_params
    expires, issue, token = (asked.get(name, "") for name in ("expires", "issue", "token"))
    if not (expires.isdecimal() and issue.isdecimal() and max(len(expires), len(issue)) < 16):
        return _refused(403, "the link is not one of ours")
    if not hmac.compare_digest(
        token.encode(), vendor.token(record.id, int(expires), int(issue)).encode()
    ):
        return _refused(403, "the link is not one of ours")
    if int(expires) < time.time():
        return _refused(403, "the link has expired")
    spent = record.script.has("expired-link") and int(issue) == 0
    if spent or vendor.weather.strikes("expired-link"):
        vendor.store.refuse_link(record.id)
        return _refused(403, "the link has expired (sandbox: fail:expired-link)")
    suffix = "." + request.path_params["form"]
    if suffix == FACE:
        content = await asyncio.to_thread(vendor.face, record)
        return Response(content, media_type=_TYPES[FACE], headers=MARK)
    if not vendor.studio.path(record.film, suffix).exists():
        return _refused(404, "no such film")
    return body(vendor, record, suffix=suffix)


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"error": message, "sandbox": True}, status, headers=MARK)


def routes() -> list[Route]:
    """The address of films."""
    return [Route("/films/{task}.{form}", _film, methods=["GET"])]
