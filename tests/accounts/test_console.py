"""What operators set about an organisation, and what nobody is shown."""

from __future__ import annotations

import secrets

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts import access_keys, tenancy
from accounts.models import AccessKey, Organisation, User
from tests.generations.programs import native
from tests.people import customer


@pytest.fixture
def operator() -> Client:
    """Signed in to the console."""
    email = f"operator-{secrets.token_hex(4)}@example.org"
    user = User.objects.create(email=email, is_staff=True, is_superuser=True)
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def test_an_operator_sets_what_an_organisation_may_send_a_minute(
    operator: Client, site: str
) -> None:
    alice = customer()
    page = reverse("admin:accounts_organisation_change", args=[alice.organisation.pk])
    given = {"dispatch_weight": "1", "concurrency": "", "requests_per_minute": "0"}
    assert "Allow at least one request" in operator.post(page, given).content.decode()
    assert operator.post(page, {**given, "requests_per_minute": "2"}).status_code == 302
    with tenancy.scope(alice.organisation.pk):
        assert Organisation.objects.get().requests_per_minute == 2
    answer = native(site, alice.test_key).get("/wallet")
    assert answer.headers["RateLimit-Policy"] == '"organisation";q=2;w=60'


def test_no_secret_of_a_pair_is_shown_sealed_or_not(operator: Client) -> None:
    alice = customer()
    with tenancy.scope(alice.organisation.pk):
        access_keys.issue(alice.organisation.pk, livemode=False, name="pair")
        pair = AccessKey.objects.get()
        sealed = {"previous_secret": "sealed-before-XYZ", "sealed_secret": "sealed-now-XYZ"}
        AccessKey.objects.update(**sealed)
    page = operator.get(reverse("admin:accounts_accesskey_change", args=[pair.pk]))
    assert page.status_code == 200
    assert pair.access_key in page.content.decode()
    assert not [value for value in sealed.values() if value in page.content.decode()]
