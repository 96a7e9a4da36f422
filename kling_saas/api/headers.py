"""Request headers that every door reads the same way: Idempotency-Key and Prefer."""

from __future__ import annotations

import re

from django.http import HttpRequest

from kling_saas.lib.refusals import InvalidBody

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_WAIT = re.compile(r"\bwait\s*=\s*\"?([0-9]{1,6})\b")
WAIT_MAX = 120  # seconds a native call is held at most


def idempotency_key(request: HttpRequest) -> str | None:
    """The key under which the answer is remembered, or None. Raises InvalidBody."""
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidBody("Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return key


def seconds_to_wait(request: HttpRequest) -> int:
    """The `wait` of a `Prefer` header (RFC 7240), at most WAIT_MAX; 0 when there is none."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), WAIT_MAX) if found else 0
