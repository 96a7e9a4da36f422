"""Reads what vendors send as it comes: numbers as strings, seconds for milliseconds, nulls.

Nothing here raises on foreign JSON; what makes no sense reads as absent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from generations.wire.task import RemoteAudio, RemoteVideo, TaskState

_STATES = {
    "submitted": TaskState.QUEUED,
    "queued": TaskState.QUEUED,
    "pending": TaskState.QUEUED,
    "processing": TaskState.RUNNING,
    "in_progress": TaskState.RUNNING,
    "running": TaskState.RUNNING,
    "succeed": TaskState.SUCCEEDED,
    "succeeded": TaskState.SUCCEEDED,
    "completed": TaskState.SUCCEEDED,
    "success": TaskState.SUCCEEDED,
    "failed": TaskState.FAILED,
    "failure": TaskState.FAILED,
    "error": TaskState.FAILED,
}
# Gateways give seconds where Kling gives milliseconds; 1e11 ms is 1973.
_SECONDS_BELOW = 10**11
_LONGEST_NUMBER = 40


def json_object(body: bytes) -> Mapping[str, Any] | None:
    """The JSON object in a body; None for anything else, however broken."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> Sequence[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list | tuple) else ()


def text(value: object) -> str:
    """A string, or a whole number as one; else "". Safe to store: no NUL, no lone surrogate."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**_LONGEST_NUMBER else ""
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def state(word: object) -> TaskState | None:
    """A vendor's status word, in any case, as our state; None for a word nobody knows."""
    return _STATES.get(word.strip().lower()) if isinstance(word, str) else None


def number(value: object) -> Decimal | None:
    """A finite number, also from a string; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_NUMBER:
        return None
    try:
        parsed = Decimal(str(value)[: _LONGEST_NUMBER + 1].strip())
    except InvalidOperation:
        return None
    return parsed if parsed.is_finite() and abs(parsed.adjusted()) < _LONGEST_NUMBER else None


def milliseconds(value: object) -> int:
    """A timestamp in Unix milliseconds, whether it came in seconds or not; 0 when absent."""
    parsed = number(value)
    if parsed is None or not 0 < parsed < 10**15:
        return 0
    return int(parsed * 1000) if parsed < _SECONDS_BELOW else int(parsed)


def duration_ms(value: object) -> int | None:
    """A length in seconds ("5.041") as milliseconds."""
    parsed = number(value)
    return int(parsed * 1000) if parsed is not None and 0 < parsed < 10**6 else None


def address(value: object) -> str:
    """An http(s) address, else ""."""
    found = text(value).strip()
    return found if found.lower().startswith(("http://", "https://")) else ""


def video(value: object) -> RemoteVideo | None:
    """A film from `{id, url, duration, watermark_url}`; None without an address."""
    fields = mapping(value)
    url = address(fields.get("url"))
    if not url:
        return None
    return RemoteVideo(
        url=url,
        id=text(fields.get("id")),
        duration_ms=duration_ms(fields.get("duration")),
        watermark_url=address(fields.get("watermark_url")) or None,
    )


def audio(value: object) -> RemoteAudio | None:
    """A sound from `{id, url | url_mp3 | url_wav, duration…}`; None without an address."""
    fields = mapping(value)
    for form in ("", "_mp3", "_wav"):
        if url := address(fields.get(f"url{form}")):
            length = duration_ms(fields.get(f"duration{form}"))
            return RemoteAudio(url, text(fields.get("id")), length)
    return None


def header(headers: Mapping[str, str], name: str) -> str:
    """A header's value whatever the case of its name; "" when absent."""
    for key, value in headers.items():
        if key.lower() == name:
            return value
    return ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from `Retry-After`; None when absent or a date."""
    seconds = number(header(headers, "retry-after"))
    return float(seconds) if seconds is not None and 0 <= seconds < 86400 else None
