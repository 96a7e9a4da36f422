"""What is kept of an exchange. For the operators: no credential, no picture, not too much.

Whatever comes in, what goes out is fit for jsonb; the operators' part is at most KEPT_BYTES.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

import httpx

from kling_saas.lib.http import Answer
from kling_saas.lib.logs import redact, storable

KEPT_BYTES = 8_000  # of one request or answer, as JSON
_KEPT_TEXT = 400  # characters of any one value that an operator needs to see
_KEPT_ITEMS = 40  # members of any one list or object
_KEPT_DEPTH = 12
_SECRET = re.compile(
    r"authorization|cookie|api[-_]?key|secret|password|credential|token$", re.IGNORECASE
)
_BASE64 = re.compile(r"(data:[\w/+.-]+;base64,)?[A-Za-z0-9+/_-]{120,}={0,2}")


def masked(value: Any) -> Any:
    """What was sent or received, with secrets out, pictures named, long and deep values cut."""
    kept = _masked(value, _KEPT_DEPTH)
    size = len(json.dumps(kept))
    if size <= KEPT_BYTES:
        return kept
    return {"cut": f"{size} characters", "begin": json.dumps(kept)[:_KEPT_TEXT]}


def fit(value: Any, depth: int = _KEPT_DEPTH) -> Any:
    """What belongs to the customer: whole, but for what jsonb refuses and what lies too deep."""
    if isinstance(value, Mapping | list | tuple) and depth == 0:
        return None
    if isinstance(value, Mapping):
        return {storable(str(name)): fit(member, depth - 1) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [fit(item, depth - 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return storable(value) if isinstance(value, str) else value


def received(answer: Answer) -> dict[str, Any]:
    """Status and masked body of an answer."""
    try:
        body: Any = json.loads(answer.content)
    except (ValueError, RecursionError):
        body = answer.content[:_KEPT_TEXT].decode(errors="replace")
    return {"status": answer.status_code, "body": masked(body)}


def headers_of(answer: httpx.Response) -> dict[str, Any]:
    """Status and masked headers of an answer whose body is a film."""
    return {"status": answer.status_code, "headers": masked(dict(answer.headers))}


def _masked(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping | list | tuple) and depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {
            _text(str(name)): "***" if _SECRET.search(str(name)) else _masked(member, depth - 1)
            for name, member in islice(value.items(), _KEPT_ITEMS)
        }
    if isinstance(value, list | tuple):
        return [_masked(item, depth - 1) for item in value[:_KEPT_ITEMS]]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _text(value: str) -> str:
    if _BASE64.fullmatch(value):
        return f"(base64, {len(value)} characters)"
    text = storable(redact(value))
    return text if len(text) <= _KEPT_TEXT else f"{text[:_KEPT_TEXT]}… ({len(text)} characters)"
