"""llmprovider: Kling's flat task without envelope, errors in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from generations.catalogue.validation import InvalidRequest
from generations.sandbox import credentials
from generations.sandbox.vendor import Refusal, Wish
from generations.sandbox.web import Handler, answer, body_of, checked, vendor_of
from generations.wire.llmprovider import server as codec
from generations.wire.task import BadRequest, WireReply
from kling_saas.lib.sandboxes import HangUp

_SORTS: Mapping[str, tuple[int, str]] = {
    "moderation": (400, "content_policy_violation"),
    "discontinued": (404, "model_not_found"),
    "rate": (429, "rate_limit_exceeded"),
    "parallel": (429, "rate_limit_exceeded"),
    "unavailable": (503, "service_unavailable"),
    "duplicate": (400, "duplicate_external_task_id"),
    "internal": (500, "internal_error"),
}


def _refused(request_field: str, message: str) -> WireReply:
    return codec.encode_error(400, message, code="invalid_value", param=request_field)


def _guarded(handler: Handler) -> Handler:
    async def serve(request: Request) -> Response:
        try:
            return await handler(request)
        except credentials.Unauthorised:
            reply = codec.encode_error(401, "Incorrect API key provided", code="invalid_api_key")
            return answer(reply)
        except BadRequest as refusal:
            return answer(_refused(refusal.field, str(refusal)))
        except InvalidRequest as refusal:
            return answer(_refused(refusal.violations[0].field, str(refusal)))
        except Refusal as refusal:
            if refusal.sort == "dropped":
                return HangUp()
            status, code = _SORTS[refusal.sort]
            return answer(codec.encode_error(status, refusal.message, code=code))

    return serve


def _caller(request: Request) -> str:
    header = request.headers.get("authorization")
    return credentials.bearer(header, vendor_of(request).settings, static_only=True)


async def _create(request: Request) -> Response:
    vendor, account = vendor_of(request), _caller(request)
    if account.startswith(credentials.EMPTY):
        message = "You exceeded your current quota"
        return answer(codec.encode_error(402, message, code="insufficient_quota"))
    body = await body_of(request)
    order = codec.decode_order(body)
    wish = Wish(
        dialect="llmprovider",
        account=account,
        params=checked(order, body),
        external_id=order.external_id,
    )
    record = await vendor.create(wish)
    return answer(codec.encode_created(vendor.created(record)))


async def _get(request: Request) -> Response:
    vendor = vendor_of(request)
    record = vendor.store.find("llmprovider", _caller(request), request.path_params["task"])
    if record is None:
        return answer(codec.encode_error(404, "Task not found", code="task_not_found"))
    return answer(codec.encode_task(vendor.task(record)))


def routes() -> list[Route]:
    """The addresses below `/llmprovider`."""
    return [
        Route("/v1/videos/text2video", _guarded(_create), methods=["POST"]),
        Route("/v1/videos/text2video/{task}", _guarded(_get), methods=["GET"]),
    ]
