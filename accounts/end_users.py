"""Tokens for one end user's browser: `kut_live_…` or `kut_test_…`, in the form of an API key.

A key mints them on a server of the customer's. They end by themselves, with their key, or when
they are revoked, and open only what that end user has ordered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from accounts import proven, secret_texts, tenancy
from accounts.actors import Actor
from accounts.models import EndUserToken
from accounts.scopes import Scope
from kling_saas.lib.forgetting import forget
from kling_saas.lib.refusals import Unauthenticated

_KIND = "kut"
PREFIX = f"{_KIND}_"
LIFETIME_MAX = 24 * 3600  # seconds
_KEPT = timedelta(days=7)  # after it ended
_UNKNOWN = "This end user's token is not known, revoked or expired: mint a new one with your key."


def mint(
    actor: Actor,
    end_user: str,
    *,
    lifetime: timedelta,
    scopes: Sequence[str] = (Scope.GENERATE, Scope.READ),
    allowed_models: Sequence[str] = (),
) -> tuple[EndUserToken, str]:
    """A token and its text, shown once. `actor` is the key that mints it. Needs an open scope."""
    plaintext = secret_texts.new(_KIND, livemode=actor.livemode)
    token = EndUserToken.objects.create(
        organisation_id=actor.organisation_id,
        livemode=actor.livemode,
        token_id=secret_texts.id_of(plaintext),
        secret_hash=secret_texts.hash_of(plaintext),
        end_user=end_user,
        api_key_id=actor.api_key_id,
        access_key_id=actor.access_key_id,
        scopes=list(scopes),
        allowed_models=list(allowed_models),
        expires_at=timezone.now() + lifetime,
    )
    return token, plaintext


def verify(plaintext: str) -> Actor:
    """The actor behind a token, with the key that minted it. Raises Unauthenticated."""
    digest = secret_texts.hash_of(plaintext)
    # Beside keys in the same memory, whose rows read differently.
    row = proven.row((PREFIX, digest), lambda: _look_up(plaintext, digest))
    if row is None:
        raise Unauthenticated(_UNKNOWN)
    return proven.actor_of(
        row,
        api_key_id=row["api_key_pk"],
        access_key_id=row["access_key_pk"],
        end_user=row["end_user"],
    )


def revoke(actor: Actor, token_id: str) -> bool:
    """End a token now. False when there is no such token in use."""
    with tenancy.scope(actor.organisation_id):
        in_use = EndUserToken.objects.filter(livemode=actor.livemode, revoked_at=None)
        changed: int = in_use.filter(token_id=token_id, expires_at__gt=Now()).update(
            revoked_at=Now()
        )
    proven.forget()
    return changed == 1


def forget_old() -> int:
    """Delete a batch of tokens that ended a week ago; how many."""
    with tenancy.system("tokens that ended are forgotten for every tenant"):
        return forget(EndUserToken.objects.filter(expires_at__lt=Now() - _KEPT), by="expires_at")


def _look_up(plaintext: str, digest: bytes) -> proven.Row | None:
    if not secret_texts.fits(_KIND, plaintext):
        raise Unauthenticated("This is not one of our tokens: they look like kut_live_….")
    return proven.read(
        "SELECT * FROM accounts_find_token(%s, %s)", [secret_texts.id_of(plaintext), digest]
    )
