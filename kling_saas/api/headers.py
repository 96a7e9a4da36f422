"""Headers that every door reads and writes the same way: Idempotency-Key and Prefer, and what is
said of a call that came again.
"""

from __future__ import annotations

import re
from typing import TypeVar

from django.http import HttpRequest, HttpResponse

from kling_saas.lib.refusals import InvalidBody

Answer = TypeVar("Answer", bound=HttpResponse)
REPLAYED = "Idempotent-Replayed"
KEY_MAX = 255  # letters of an Idempotency-Key at most
_KEY = re.compile(rf"[\x20-\x7e]{{1,{KEY_MAX}}}")
_WAIT = re.compile(r"\bwait\s*=\s*\"?([0-9]{1,6})\b")
WAIT_MAX = 120  # seconds a native call is held at most


def idempotency_key(request: HttpRequest) -> str | None:
    """The key under which the answer is remembered, or None. Raises InvalidBody."""
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidBody(f"Idempotency-Key must be 1 to {KEY_MAX} printable ASCII characters.")
    return key


def replayed(response: Answer, *, again: bool) -> Answer:
    """The response; it says when it is that of an earlier call under the same Idempotency-Key."""
    if again:
        response[REPLAYED] = "true"
    return response


def hold(
    response: HttpResponse, subject: str, seconds: float, path: str, *, new: bool = False
) -> None:
    """Have the waiting room hold the call until there is news of `subject`, for at most so long,
    and answer with what a GET of `path` answers then.

    `new`: this very call made it, so nothing can have come of it yet.
    """
    response["X-Kling-Wait"] = f"{subject};{seconds};{path}"
    if new:
        response["X-Kling-New"] = "1"


def seconds_to_wait(request: HttpRequest) -> int:
    """The `wait` of a `Prefer` header (RFC 7240), at most WAIT_MAX; 0 when there is none."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), WAIT_MAX) if found else 0
