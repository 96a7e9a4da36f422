"""What was made under an Idempotency-Key is found again, and its answer made anew.

For answers that hold a secret, which is kept sealed in its own row and nowhere else. Orders keep
theirs as they were (generations.submission).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import IdempotencyRecord
from kling_saas.lib.refusals import IdempotencyKeyReused, InvalidBody


def once(
    actor: Actor, key: str | None, asked: Mapping[str, Any], make: Callable[[], str]
) -> tuple[str, bool]:
    """The public id of what `make` made in this call or in the first with `key`; whether it was
    that. `asked` is all that the request says. Raises IdempotencyKeyReused.
    """
    with tenancy.scope(actor.organisation_id):
        if key is None:
            return make(), False
        known = claimed(actor, key, asked)
        if known is not None:
            return known, True
        made = make()
        IdempotencyRecord.objects.filter(**_mine(actor, key)).update(subject=made)
    return made, False


def stored(actor: Actor, key: str) -> str:
    """The key as records have it: each end user has keys of their own, which no key of the
    organisation's is like.
    """
    if not actor.end_user:
        return key
    whose = hashlib.sha256(f"{actor.end_user}\n{key}".encode()).hexdigest()
    return f"end user\n{whose}"


def claimed(actor: Actor, key: str, asked: Mapping[str, Any]) -> str | None:
    """None: the key is this call's, once the transaction ends well. Else what was made under it.

    Waits for another call that is using it. Needs a scope. Raises IdempotencyKeyReused
    and InvalidBody.
    """
    fingerprint = _fingerprint(asked)
    if _first(_mine(actor, key), fingerprint):
        return None
    known = IdempotencyRecord.objects.get(**_mine(actor, key))
    if known.fingerprint != fingerprint:
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used with another body: use a new key for a new request."
        )
    subject: str = known.subject
    return subject


def released(actor: Actor, key: str) -> None:
    """Nothing was made under the key: it is as if it had never been used. Needs a scope."""
    IdempotencyRecord.objects.filter(**_mine(actor, key)).delete()


def _fingerprint(asked: Mapping[str, Any]) -> str:
    try:
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    except RecursionError:
        raise InvalidBody("The body is nested too deeply: no field needs that.") from None


def _mine(actor: Actor, key: str) -> dict[str, Any]:
    return {
        "organisation_id": actor.organisation_id,
        "livemode": actor.livemode,
        "key": stored(actor, key),
    }


def _first(mine: Mapping[str, Any], fingerprint: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_idempotencyrecord "
            "(organisation_id, livemode, key, fingerprint, status, body, subject, created_at) "
            "VALUES (%(organisation_id)s, %(livemode)s, %(key)s, %(fingerprint)s, 200, '', '', "
            "now()) ON CONFLICT (organisation_id, livemode, key) DO NOTHING",
            {**mine, "fingerprint": fingerprint},
        )
        return bool(cursor.rowcount)
