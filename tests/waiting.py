"""Waiting for what others do: looked at again and again until it is so, never slept for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

T = TypeVar("T")
_PAUSES = (0.05, 0.25)  # seconds between two looks: the first, and the longest
_SLOWER = 5  # so many times may a machine that others use be slower; who succeeds waits no longer


def until(look: Callable[[], T | None], *, seconds: float = 30.0, what: str = "it") -> T:
    """What `look` says as soon as that is true. AssertionError when it was not for long enough.

    `seconds` are enough on a machine with nothing else to do. A connection that is refused while a
    process starts again counts as "not yet".
    """
    most = _SLOWER * seconds
    deadline = time.monotonic() + most
    pause, longest = _PAUSES
    while True:
        try:
            seen = look()
        except (OSError, httpx.HTTPError) as error:  # requests' errors are OSErrors
            seen, trouble = None, f" ({type(error).__name__})"
        else:
            trouble = ""
        if seen:
            return seen
        assert time.monotonic() < deadline, f"{what} did not happen in {most:.0f} s{trouble}"
        time.sleep(pause)
        pause = min(longest, 1.1 * pause)
