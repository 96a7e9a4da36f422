"""Secrets at rest: AES-256-GCM with a key id, bound to the row they stand in, failing closed."""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION = "v1"


class SealBroken(Exception):
    """A stored secret cannot be opened: wrong key, other row, or changed text. Never used as is."""


def _keys() -> dict[str, bytes]:
    """Key id to 32 bytes, newest first, from ENCRYPTION_KEYS."""
    keys: dict[str, bytes] = {}
    for entry in settings.ENCRYPTION_KEYS:
        key_id, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not key_id or len(key) != 32:
            raise SealBroken("ENCRYPTION_KEYS entries are id:base64 of exactly 32 bytes")
        keys[key_id] = key
    if not keys:
        raise SealBroken("ENCRYPTION_KEYS is empty: secrets cannot be stored")
    return keys


def seal(secret: str, *, bound_to: str) -> str:
    """Encrypt with the newest key. `bound_to` names table, column and row, e.g. `access_key:7`."""
    key_id, key = next(iter(_keys().items()))
    nonce = os.urandom(12)
    box = AESGCM(key).encrypt(nonce, secret.encode(), f"{_VERSION}:{bound_to}".encode())
    return f"{_VERSION}:{key_id}:{base64.b64encode(nonce + box).decode()}"


def unseal(sealed: str, *, bound_to: str) -> str:
    """The secret again. Raises SealBroken unless key, row and text are exactly those of `seal`."""
    try:
        version, key_id, encoded = sealed.split(":")
        raw = base64.b64decode(encoded, validate=True)
        key = _keys()[key_id]
        return AESGCM(key).decrypt(raw[:12], raw[12:], f"{version}:{bound_to}".encode()).decode()
    except (ValueError, KeyError, InvalidTag) as error:
        raise SealBroken(f"secret of {bound_to} cannot be opened") from error
