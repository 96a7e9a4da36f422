"""Access-key pairs: their holder signs short HS256 JWTs, as Kling's own clients do.

PyJWT alone accepts a token that lives ten years and claims of any type; the limits are ours.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import proven, tenancy
from accounts.actors import Actor
from accounts.models import AccessKey
from kling_saas.lib.ids import random_base62
from kling_saas.lib.refusals import Unauthenticated
from kling_saas.lib.sealing import SealBroken, seal, unseal

_MAX_TOKEN = 4096  # bytes
_NOTED_EVERY = timedelta(minutes=10)  # as accounts_find_api_key does for a bearer key
_REJECTED = "The token is not valid: sign {iss, exp, nbf} with HS256 and your secret key."


class TokenRefused(Unauthenticated):
    """A JWT that proves nothing. `kling_code` is Kling's code for the same cause (1000-1004)."""

    def __init__(self, detail: str, kling_code: int) -> None:
        super().__init__(detail)
        self.kling_code = kling_code


def issue(
    organisation_id: int, *, livemode: bool, name: str, user_id: int | None = None
) -> tuple[AccessKey, str]:
    """A new pair and its secret (43 characters), shown once. Needs an open scope."""
    access_key = f"ak_{'live' if livemode else 'test'}_{random_base62(24)}"
    secret = random_base62(43)
    row = AccessKey.objects.create(
        organisation_id=organisation_id,
        livemode=livemode,
        name=name,
        created_by_id=user_id,
        access_key=access_key,
        sealed_secret=seal(secret, bound_to=f"access_key:{access_key}"),
    )
    return row, secret


def looks_like_token(text: str) -> bool:
    """Whether `text` has the three parts of a JWT."""
    return text.count(".") == 2 and text.startswith("eyJ")


def verify(token: str) -> Actor:
    """The actor behind a JWT. Raises TokenRefused; unknown keys and bad signatures look alike."""
    if len(token) > _MAX_TOKEN:
        raise TokenRefused(f"The token is longer than {_MAX_TOKEN} bytes.", 1002)
    issuer = _issuer(token)
    row = proven.row(issuer, lambda: _look_up(issuer))
    if row is None:
        raise TokenRefused(_REJECTED, 1002)
    try:
        secret = unseal(row[4], bound_to=f"access_key:{issuer}")
    except SealBroken:
        raise TokenRefused(_REJECTED, 1000) from None
    _check_claims(token, secret)
    _note_use(row[0], row[2], row[5])
    return Actor(organisation_id=row[0], livemode=row[1], access_key_id=row[2], suspended=row[3])


@dataclass(slots=True)
class _Use:
    """Of a pair as it is remembered: whether it was written down that it is in use."""

    noted: bool = False


def _note_use(organisation_id: int, key_pk: int, use: _Use) -> None:
    """Once per look-up, and only here: who names a pair in a token of their own has not used it."""
    if use.noted:
        return
    use.noted = True
    with tenancy.scope(organisation_id):
        long_ago = Q(last_used_at=None) | Q(last_used_at__lt=Now() - _NOTED_EVERY)
        AccessKey.objects.filter(long_ago, pk=key_pk).update(last_used_at=Now())


def _look_up(issuer: str) -> proven.Row | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT organisation_id, livemode, key_pk, suspended, sealed_secret, expires_at "
            "FROM accounts_find_access_key(%s)",
            [issuer],
        )
        found: proven.Row | None = cursor.fetchone()
    return (*found[:5], _Use(), found[5]) if found else None


def _issuer(token: str) -> str:
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, UnicodeError):
        raise TokenRefused(_REJECTED, 1002) from None
    issuer = claims.get("iss")
    # Not printable: NUL or half of a surrogate pair, which the database does not even look up.
    if header.get("alg") != "HS256" or not isinstance(issuer, str) or not issuer.isprintable():
        raise TokenRefused(_REJECTED, 1002)
    return issuer[:64]


def _check_claims(token: str, secret: str) -> None:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            leeway=settings.JWT_LEEWAY,
            options={"require": ["iss", "exp", "nbf"], "enforce_minimum_key_length": True},
        )
    except jwt.ExpiredSignatureError:
        raise TokenRefused("The token has expired: sign a new one.", 1004) from None
    except jwt.ImmatureSignatureError:
        raise TokenRefused("The token is not valid yet: check nbf and your clock.", 1003) from None
    except jwt.InvalidSignatureError:
        raise TokenRefused("The token's signature is not your secret key's.", 1000) from None
    except (jwt.PyJWTError, ValueError, OverflowError):
        raise TokenRefused(_REJECTED, 1002) from None
    if not all(_is_number(claims[name]) for name in ("exp", "nbf")):
        raise TokenRefused("exp and nbf must be numbers (Unix seconds).", 1002)
    if claims["exp"] - time.time() > settings.JWT_MAX_LIFETIME + settings.JWT_LEEWAY:
        raise TokenRefused(
            f"exp may be at most {settings.JWT_MAX_LIFETIME} s ahead: sign short tokens.", 1002
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def known(access_key: str) -> bool:
    """Whether a pair of this name is in use. Needs an open scope."""
    return bool(AccessKey.objects.filter(access_key=access_key, revoked_at=None).exists())


def revoke(organisation_id: int, access_key: str) -> bool:
    """End a pair now; accepted work goes on. False when there is no such live pair."""
    with tenancy.scope(organisation_id):
        changed: int = AccessKey.objects.filter(access_key=access_key, revoked_at=None).update(
            revoked_at=timezone.now()
        )
    proven.forget()
    return changed == 1
