"""Making organisations and finding the one a person acts for."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from accounts import tenancy
from accounts.models import Membership, Organisation, Role, User
from kling_saas.lib.addresses import network


@dataclass(frozen=True, slots=True)
class Choice:
    """An organisation that a person belongs to."""

    organisation_id: int
    public_id: str
    name: str


def create(owner: User, *, name: str = "", network: str = "") -> Organisation:
    """An organisation with `owner` as its owner; `network` is where the sign-up came from.

    Only somebody's first one is welcomed with credits.
    """
    with tenancy.system("an organisation's first rows have no tenant yet"):
        organisation = Organisation.objects.create(
            name=name or owner.email.partition("@")[0],
            signup_network=network,
            is_first=not memberships_of(owner.pk),
        )
        Membership.objects.create(organisation=organisation, user=owner, role=Role.OWNER)
    return organisation


def memberships_of(user_id: int) -> list[tuple[int, str]]:
    """(organisation id, role) of a person, oldest first. One round trip, no scope needed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organisation_id, role FROM accounts_memberships(%s)", [user_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def choices_of(user_id: int) -> list[Choice]:
    """What a person may act for, oldest membership first. One round trip, no scope needed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT organisation_id, public_id, name FROM accounts_choices(%s)", [user_id]
        )
        return [Choice(*row) for row in cursor.fetchall()]


def network_of(address: str) -> str:
    """The /24 of an IPv4 address or the /48 of an IPv6 one; "" when it is no address."""
    return network(address, four=24, six=48)
