"""Bearer keys: `ksk_live_…` or `ksk_test_…` (accounts.secret_texts).

Not Stripe's `sk_live_`, which secret scanners report to Stripe. The published pattern is
`ksk_(live|test)_[0-9A-Za-z]{44}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from accounts import proven, secret_texts, tenancy
from accounts.actors import Actor
from accounts.models import ApiKey
from accounts.scopes import USUAL
from kling_saas.lib.refusals import Unauthenticated

_KIND = "ksk"
_UNKNOWN = "This API key is not known, revoked or expired: issue one under API keys."


def issue(
    organisation_id: int,
    *,
    livemode: bool,
    name: str,
    user_id: int | None = None,
    expires_at: datetime | None = None,
    raw_video: bool = False,
    scopes: Sequence[str] = USUAL,
    allowed_models: Sequence[str] = (),
    allowed_networks: Sequence[str] = (),
    requests_per_minute: int | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which nobody can show again. Needs an open scope."""
    plaintext = secret_texts.new(_KIND, livemode=livemode)
    key = ApiKey.objects.create(
        organisation_id=organisation_id,
        livemode=livemode,
        name=name,
        created_by_id=user_id,
        expires_at=expires_at,
        raw_video=raw_video,
        scopes=list(scopes),
        allowed_models=list(allowed_models),
        allowed_networks=list(allowed_networks),
        requests_per_minute=requests_per_minute,
        key_id=secret_texts.id_of(plaintext),
        secret_hash=secret_texts.hash_of(plaintext),
        last4=plaintext[-4:],
    )
    return key, plaintext


def rotate(key: ApiKey, *, overlap: timedelta) -> str:
    """A new text for a key that stays what it is; the one before works for `overlap` longer.

    A third one, of an earlier rotation, ends at once. Needs an open scope.
    """
    plaintext = secret_texts.new(_KIND, livemode=key.livemode, name=key.key_id)
    _write(
        key,
        previous_hash=F("secret_hash"),
        previous_until=Now() + overlap,
        secret_hash=secret_texts.hash_of(plaintext),
        last4=plaintext[-4:],
    )
    return plaintext


def renew(key: ApiKey) -> str:
    """A new text in place of the newest; the one before works as long as it did. Needs an open
    scope.
    """
    plaintext = secret_texts.new(_KIND, livemode=key.livemode, name=key.key_id)
    _write(key, secret_hash=secret_texts.hash_of(plaintext), last4=plaintext[-4:])
    return plaintext


def _write(key: ApiKey, **columns: Any) -> None:
    ApiKey.objects.filter(pk=key.pk).update(**columns)
    proven.forget()
    key.refresh_from_db()


def looks_like_key(text: str) -> bool:
    """Whether `text` has a key's form and checksum; no database is asked."""
    return secret_texts.fits(_KIND, text)


def verify(plaintext: str) -> Actor:
    """The actor behind a key; at most one round trip, works in and outside a scope.

    Raises Unauthenticated, with one sentence for every cause.
    """
    digest = secret_texts.hash_of(plaintext)
    row = proven.row(digest, lambda: _look_up(plaintext, digest))
    if row is None:
        raise Unauthenticated(_UNKNOWN)
    return proven.actor_of(row, api_key_id=row["key_pk"], raw_video=row["raw_video"])


def _look_up(plaintext: str, digest: bytes) -> proven.Row | None:
    if not looks_like_key(plaintext):
        raise Unauthenticated(
            "This is not one of our API keys: they look like ksk_live_… or ksk_test_…."
        )
    return proven.read(
        "SELECT * FROM accounts_find_api_key(%s, %s)", [secret_texts.id_of(plaintext), digest]
    )


def known(plaintext: str) -> bool:
    """Whether this key is in use, which does not count as a use. Needs an open scope."""
    found = ApiKey.objects.filter(secret_hash=secret_texts.hash_of(plaintext), revoked_at=None)
    return bool(found.exists())


def revoke(organisation_id: int, key_id: str) -> bool:
    """End a key now; accepted work goes on. False when there is no such live key."""
    with tenancy.scope(organisation_id):
        changed: int = ApiKey.objects.filter(key_id=key_id, revoked_at=None).update(
            revoked_at=timezone.now()
        )
    proven.forget()
    return changed == 1
