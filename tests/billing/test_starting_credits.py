"""What a new organisation starts with, and what signing up in bulk does not get."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection
from django.test import RequestFactory, override_settings

from accounts import organisations, tenancy
from accounts.actors import Actor
from accounts.models import Membership, Organisation, User
from accounts.requests import client_address
from billing import context_processors, wallets
from tests.billing import purse
from tests.billing.purse import LIVE


def some_network() -> str:
    """One that nobody else has signed up from."""
    return f"{secrets.token_hex(4)}/24"


def sign_up(*, verified: bool, network: str) -> Organisation:
    user = User.objects.create_user(f"{secrets.token_hex(6)}@example.org")
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    return organisations.create(user, network=network)


def credits_of(organisation: Organisation) -> tuple[int, int]:
    """Live and test credits after asking for what is due, twice."""
    wallets.ensure(organisation)
    wallets.ensure(organisation)
    live, test = (wallets.balance(organisation.pk, mode) for mode in (LIVE, not LIVE))
    return live.available, test.available


def test_a_demo_gives_everything_at_once() -> None:
    with override_settings(DEMO=True):
        assert credits_of(sign_up(verified=False, network="")) == (60, 10_000)


def test_live_credits_wait_for_a_verified_address() -> None:
    with override_settings(DEMO=False):
        organisation = sign_up(verified=False, network=some_network())
        assert credits_of(organisation) == (0, 10_000)
        with tenancy.scope(organisation.pk):
            owners = Membership.objects.values("user")
            EmailAddress.objects.filter(user__in=owners).update(verified=True)
        assert credits_of(organisation) == (60, 10_000)


def test_a_network_gets_three_welcome_grants_a_day() -> None:
    network = some_network()
    with override_settings(DEMO=False):
        given = [credits_of(sign_up(verified=True, network=network))[0] for _ in range(5)]
        assert given == [60, 60, 60, 0, 0]
        assert credits_of(sign_up(verified=True, network="198.51.100.0/24"))[0] == 60
    with connection.cursor() as cursor:  # who counted all tenants sees none of them any more
        cursor.execute("SELECT billing_subscribers('test', '{active}')")
        cursor.execute("SELECT current_setting('app.tenant', true)")
        assert cursor.fetchone() == ("",)
        with tenancy.scope(7):
            cursor.execute("SELECT billing_subscribers('test', '{active}')")
            cursor.execute("SELECT billing_signup_grants('nowhere', now())")
            cursor.execute("SELECT current_setting('app.tenant', true)")
            assert cursor.fetchone() == ("7",)
        cursor.execute("SELECT current_setting('app.tenant', true)")
        assert cursor.fetchone() == ("",)


def test_who_signs_up_at_once_with_others_of_the_network_is_counted_with_them() -> None:
    network, together = some_network(), Barrier(8)
    with override_settings(DEMO=False):
        newcomers = [sign_up(verified=True, network=network) for _ in range(8)]

        def look(organisation: Organisation) -> int:
            try:
                connection.ensure_connection()
                together.wait()
                return credits_of(organisation)[0]
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(look, newcomers)) == [0, 0, 0, 0, 0, 60, 60, 60]


def test_those_without_a_known_network_are_one_network() -> None:
    with override_settings(DEMO=False):
        given = [credits_of(sign_up(verified=True, network=""))[0] for _ in range(4)]
    assert given[3] == 0  # others may have signed up so before


@pytest.mark.parametrize(
    ("forwarded", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"), ("192.0.2.7:4711", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"), ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("[2001:db8:1:2::7]:4711", "2001:db8:1::/48"), ("[2001:db8:1:2::7]", "2001:db8:1::/48"),
        ("unknown", ""), ("192.0.2.7:x:y", ""),
    ],
)  # fmt: skip
def test_a_network_is_read_from_what_proxies_write(forwarded: str, network: str) -> None:
    heard = f"198.51.100.1, {forwarded}"
    request = RequestFactory().get("/", headers={"X-Forwarded-For": heard})
    with override_settings(TRUSTED_PROXIES=1):
        assert organisations.network_of(client_address(request)) == network


def test_a_place_without_grants_gives_none() -> None:
    with override_settings(DEMO=True, SIGNUP_GRANT=0, TEST_WALLET_GRANT=0):
        assert credits_of(sign_up(verified=True, network="")) == (0, 0)
    assert settings.SIGNUP_GRANT == 60


def test_pages_see_the_wallet_of_who_is_signed_in_when_they_ask() -> None:
    request = RequestFactory().get("/")
    assert context_processors.wallet(request) == {}
    request.actor = Actor(organisation_id=purse.funded(70), livemode=LIVE)  # type: ignore[attr-defined]
    shown = context_processors.wallet(request)["wallet"]
    assert (shown.available, shown.reserved, shown.livemode) == (70, 0, True)
