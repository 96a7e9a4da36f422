"""What pages about oneself rest on: somebody is signed in, of an organisation or of none."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.cache import patch_cache_control

from accounts.models import User
from kling_saas.lib.refusals import NotFound

P = ParamSpec("P")
Answer = HttpResponse | StreamingHttpResponse
View = Callable[Concatenate[HttpRequest, User, P], Answer]


def in_person(view: View[P]) -> Callable[..., Answer]:
    """The view gets the request and the person; strangers go to the sign-in page and come back."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> Answer:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        try:
            response = view(request, request.user, *args, **kwargs)
        except NotFound as refusal:
            raise Http404(refusal.detail) from None
        patch_cache_control(response, private=True, no_cache=True)
        return response

    return page
