"""Public ids and secrets: prefixed, unguessable, checkable without a database."""

from __future__ import annotations

import os
import zlib

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


# 248 is the largest multiple of 62 in a byte: what lies above would favour some letters.
_LETTERS = bytes(ord(BASE62[byte % 62]) for byte in range(256))
_UNFAIR = bytes(range(248, 256))


def random_base62(length: int) -> str:
    """`length` characters of about 5.95 bits each, without bias."""
    text = b""
    while len(text) < length:
        text += os.urandom(2 * length).translate(_LETTERS, _UNFAIR)
    return text[:length].decode()


def public_id(prefix: str) -> str:
    """A public id such as `gen_4fTz…`: 22 random characters, 131 bits."""
    return f"{prefix}_{random_base62(22)}"


def checksum(body: str) -> str:
    """Six base62 characters of CRC-32, so that scanners and doors refuse typing errors offline."""
    value, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        value, remainder = divmod(value, 62)
        digits = BASE62[remainder] + digits
    return digits
