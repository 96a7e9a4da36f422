"""What every dialect's view does: take its methods, never need CSRF, err in its own shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt

from generations.wire.task import BadRequest, WireReply
from kling_saas.api.errors import MethodNotAllowed, fault
from kling_saas.api.parsing import body_of, read_object
from kling_saas.lib.refusals import Refusal

P = ParamSpec("P")
Answer = HttpResponse | StreamingHttpResponse
View = Callable[Concatenate[HttpRequest, P], Answer]


def door(
    methods: tuple[str, ...], refuse: Callable[[Exception], HttpResponse]
) -> Callable[[View[P]], View[P]]:
    """A view for `methods`. What it raises is answered by `refuse`, in the dialect's shape."""

    def opened(view: View[P]) -> View[P]:
        @wraps(view)
        def answered(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
            try:
                asked = "GET" if request.method == "HEAD" else request.method
                if asked not in methods:
                    raise MethodNotAllowed(f"Use {' or '.join(methods)} here.")
                return view(request, *args, **kwargs)
            except MethodNotAllowed as refusal:
                refused = refuse(refusal)
                refused["Allow"] = ", ".join(methods)
                return refused
            except (Refusal, BadRequest) as refusal:
                return refuse(refusal)
            except Exception as error:  # noqa: BLE001 - a page of Django's would break clients
                return refuse(fault(error))

        return csrf_exempt(answered)

    return opened


def body_json(request: HttpRequest) -> dict[str, Any]:
    """The body as JSON whatever its Content-Type says: old clients name none."""
    return read_object(body_of(request))


def answer(reply: WireReply, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A codec's reply as a response."""
    return text_answer(json.dumps(reply.json), reply.status, {**reply.headers, **(headers or {})})


def text_answer(body: str, status: int, headers: Mapping[str, str]) -> HttpResponse:
    """JSON that is written already."""
    return HttpResponse(body, status=status, content_type="application/json", headers=dict(headers))
