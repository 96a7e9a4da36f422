"""Who is calling: the vendors' credentials, taken when well formed, refused when meant to be bad.

`bad-key` is every vendor's invalid key; an account that begins with `empty-` has no credits.
"""

from __future__ import annotations

import hashlib
import re

import jwt

from generations.sandbox.settings import Settings

BAD_KEY = "bad-key"
EMPTY = "empty-"
_KEY = re.compile(r"[\x21-\x7e]{8,512}")
_LEEWAY_SECONDS = 5


class Unauthorised(Exception):
    """The credential is not taken; `code` is Kling's number for why."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message or str(code))
        self.code = code
        self.message = message


def bearer(header: str | None, settings: Settings, *, static_only: bool = False) -> str:
    """The account behind an `Authorization` header: a static key, or Kling's JWT.

    Kling's second API standard takes static keys only. Raises Unauthorised.
    """
    if not header or not header.strip():
        raise Unauthorised(1001)
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorised(1002)
    if token.count(".") != 2:
        return static(token, settings)
    if static_only:
        raise Unauthorised(1002, "Authentication error. The current API does not support AK/SK")
    return _signed(token, settings)


def static(key: str | None, settings: Settings) -> str:
    """The account of a static key. Raises Unauthorised."""
    if not key:
        raise Unauthorised(1001)
    listed = not settings.keys or key in settings.keys or key.startswith(EMPTY)
    if key == BAD_KEY or not _KEY.fullmatch(key) or not listed:
        raise Unauthorised(1002)
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"{EMPTY if key.startswith(EMPTY) else ''}key-{digest}"


def _signed(token: str, settings: Settings) -> str:
    """The access key of a JWT; the numbers are those of Kling's error table."""
    try:
        claims = jwt.decode(
            token,
            settings.secret_key,
            algorithms=["HS256"],
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss"]},
        )
    except jwt.ExpiredSignatureError:
        raise Unauthorised(1004) from None
    except jwt.ImmatureSignatureError:
        raise Unauthorised(1003) from None
    except jwt.InvalidSignatureError:
        raise Unauthorised(1000) from None
    except jwt.InvalidTokenError:
        raise Unauthorised(1002) from None
    issuer = claims["iss"]
    if issuer == settings.access_key or str(issuer).startswith(EMPTY):
        return str(issuer)
    raise Unauthorised(1002)
