"""How a bearer credential is written: who it belongs to cannot be read from it, nor be mistyped.

`ksk_live_` or `ksk_test_` (the word before is the kind's), 8 characters of id, 30 of secret, 6 of
checksum. Only its hash is kept: the secret is random, so nothing slower is needed.
"""

from __future__ import annotations

import hashlib
import re

from kling_saas.lib.ids import checksum, random_base62

_PATTERN = re.compile(r"k[su][kt]_(?:live|test)_[0-9A-Za-z]{44}", re.ASCII)
_ID = slice(9, 17)


def new(kind: str, *, livemode: bool, name: str = "") -> str:
    """A text of that kind (`ksk`, `kut`) with the id `name`, or with one of its own."""
    body = f"{kind}_{'live' if livemode else 'test'}_{name or random_base62(8)}{random_base62(30)}"
    return body + checksum(body)


def fits(kind: str, text: str) -> bool:
    """Whether `text` has the kind's form and checksum; no database is asked."""
    fitting = text.startswith(f"{kind}_") and _PATTERN.fullmatch(text)
    return bool(fitting) and checksum(text[:-6]) == text[-6:]


def id_of(text: str) -> str:
    """The id in a text of either kind."""
    return text[_ID]


def hash_of(text: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(text.encode()).digest()
