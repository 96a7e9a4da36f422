"""Alice owns an organisation, Mallory is a stranger with one of her own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from accounts import api_keys, organisations, tenancy
from accounts.models import Membership, Organisation, Role, User
from accounts.scopes import ALL


@dataclass(frozen=True)
class Customer:
    """A fresh organisation with an owner and a key for each mode."""

    user: User
    organisation: Organisation
    test_key: str
    live_key: str


def customer(name: str = "alice") -> Customer:
    """Nobody else's data is near: a new user, organisation and keys."""
    user = User.objects.create_user(f"{name}-{secrets.token_hex(6)}@example.org")
    # One round of hashing instead of a million: signing in works all the same.
    user.password = PBKDF2PasswordHasher().encode("screening-room-9", "salt", iterations=1)
    user.save(update_fields=["password"])
    organisation = organisations.create(user)
    with tenancy.scope(organisation.pk):
        _, test_key = api_keys.issue(
            organisation.pk, livemode=False, name="test", scopes=sorted(ALL)
        )
        _, live_key = api_keys.issue(
            organisation.pk, livemode=True, name="live", scopes=sorted(ALL)
        )
    return Customer(user, organisation, test_key, live_key)


def lowered(person: Customer, role: Role) -> None:
    """They have that role from now on, and somebody else owns their organisation."""
    other = User.objects.create_user(f"owner-{secrets.token_hex(6)}@example.org")
    with tenancy.scope(person.organisation.pk):
        mine = Membership.objects.filter(organisation=person.organisation)
        Membership.objects.create(organisation=person.organisation, user=other, role=Role.OWNER)
        mine.filter(user=person.user).update(role=role)
