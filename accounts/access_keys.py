"""Access-key pairs: their holder signs short HS256 JWTs, as Kling's own clients do.

PyJWT alone accepts a token that lives ten years and claims of any type; the limits are ours.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import proven, tenancy
from accounts.actors import Actor
from accounts.models import AccessKey
from accounts.scopes import USUAL
from kling_saas.lib.ids import random_base62
from kling_saas.lib.refusals import Unauthenticated
from kling_saas.lib.sealing import SealBroken, seal, unseal

_MAX_TOKEN = 4096  # bytes
_NOT_SIGNED = 1000
_NOTED_EVERY = timedelta(minutes=10)  # as accounts_find_api_key does for a bearer key
_REJECTED = "The token is not valid: sign {iss, exp, nbf} with HS256 and your secret key."


class TokenRefused(Unauthenticated):
    """A JWT that proves nothing. `kling_code` is Kling's code for the same cause (1000-1004)."""

    def __init__(self, detail: str, kling_code: int) -> None:
        super().__init__(detail)
        self.kling_code = kling_code


def issue(
    organisation_id: int,
    *,
    livemode: bool,
    name: str,
    user_id: int | None = None,
    expires_at: datetime | None = None,
    scopes: Sequence[str] = USUAL,
    allowed_models: Sequence[str] = (),
    allowed_networks: Sequence[str] = (),
    requests_per_minute: int | None = None,
) -> tuple[AccessKey, str]:
    """A new pair and its secret (43 characters), shown once. Needs an open scope."""
    access_key = f"ak_{'live' if livemode else 'test'}_{random_base62(24)}"
    secret = random_base62(43)
    row = AccessKey.objects.create(
        organisation_id=organisation_id,
        livemode=livemode,
        name=name,
        created_by_id=user_id,
        expires_at=expires_at,
        scopes=list(scopes),
        allowed_models=list(allowed_models),
        allowed_networks=list(allowed_networks),
        requests_per_minute=requests_per_minute,
        access_key=access_key,
        sealed_secret=_sealed(secret, access_key),
    )
    return row, secret


def rotate(pair: AccessKey, *, overlap: timedelta) -> str:
    """A new secret for a pair; what the one before signs is believed for `overlap` longer.

    Needs an open scope.
    """
    secret = random_base62(43)
    _write(
        pair,
        previous_secret=F("sealed_secret"),
        previous_until=Now() + overlap,
        sealed_secret=_sealed(secret, pair.access_key),
    )
    return secret


def renew(pair: AccessKey) -> str:
    """A new secret in place of the newest; the one before works as long as it did. Needs an open
    scope.
    """
    secret = random_base62(43)
    _write(pair, sealed_secret=_sealed(secret, pair.access_key))
    return secret


def _write(pair: AccessKey, **columns: Any) -> None:
    AccessKey.objects.filter(pk=pair.pk).update(**columns)
    proven.forget()
    pair.refresh_from_db()


def _sealed(secret: str, access_key: str) -> str:
    return seal(secret, bound_to=f"access_key:{access_key}")


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
    _check_signature(token, issuer, row)
    _note_use(row["organisation_id"], row["key_pk"], row["use"])
    return proven.actor_of(row, access_key_id=row["key_pk"])


def _check_signature(token: str, issuer: str, row: proven.Row) -> None:
    """By the pair's secret, or by the one before while that holds. Raises TokenRefused."""
    try:
        _check_claims(token, _opened(row["sealed_secret"], issuer))
    except TokenRefused as refusal:
        previous, until = row["previous_secret"], row["previous_until"]
        if refusal.kling_code != _NOT_SIGNED or not previous or until <= timezone.now():
            raise
        _check_claims(token, _opened(previous, issuer))


def _opened(sealed: str, issuer: str) -> str:
    try:
        return unseal(sealed, bound_to=f"access_key:{issuer}")
    except SealBroken:
        raise TokenRefused(_REJECTED, _NOT_SIGNED) from None


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
    found = proven.read("SELECT * FROM accounts_find_access_key(%s)", [issuer])
    return {**found, "use": _Use()} if found else None


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
        raise TokenRefused("The token's signature is not your secret key's.", _NOT_SIGNED) from None
    except (jwt.PyJWTError, ValueError, OverflowError):
        raise TokenRefused(_REJECTED, 1002) from None
    if not all(_is_moment(claims[name]) for name in ("exp", "nbf")):
        raise TokenRefused("exp and nbf must be numbers (Unix seconds).", 1002)
    if claims["exp"] - time.time() > settings.JWT_MAX_LIFETIME + settings.JWT_LEEWAY:
        raise TokenRefused(
            f"exp may be at most {settings.JWT_MAX_LIFETIME} s ahead: sign short tokens.", 1002
        )


def _is_moment(value: object) -> bool:
    """A number that a clock may show; Python counts with whole ones of any length."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53


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
