"""What opens a door and what does not."""

from __future__ import annotations

import time

import jwt
import pytest
from django.db import connection

from accounts import access_keys, api_keys, tenancy
from accounts.models import AccessKey, ApiKey
from kling_saas.lib.refusals import Unauthenticated
from kling_saas.lib.sealing import SealBroken, unseal
from tests.people import customer


def signed(access_key: str, secret: str, **claims: object) -> str:
    now = int(time.time())
    body = {"iss": access_key, "exp": now + 1800, "nbf": now - 5, **claims}
    return jwt.encode({k: v for k, v in body.items() if v is not None}, secret, algorithm="HS256")


def test_a_key_opens_its_own_organisation_and_mode() -> None:
    alice = customer()
    actor = api_keys.verify(alice.test_key)
    assert (actor.organisation_id, actor.livemode) == (alice.organisation.pk, False)
    assert api_keys.verify(alice.live_key).livemode is True


def test_a_key_is_stored_only_as_a_hash() -> None:
    alice = customer()
    with connection.cursor() as cursor, tenancy.scope(alice.organisation.pk):
        cursor.execute(
            "SELECT string_agg(k::text, ' ') FROM accounts_apikey k WHERE organisation_id = %s",
            [alice.organisation.pk],
        )
        (stored,) = cursor.fetchone()
    assert alice.test_key[17:] not in stored


@pytest.mark.parametrize("change", [lambda k: k[:-1] + "x", lambda k: k[:-2], str.upper])
def test_a_mistyped_key_is_refused_without_asking_the_database(change: object) -> None:
    key = change(customer().test_key)  # type: ignore[operator]
    assert not api_keys.looks_like_key(key)
    with pytest.raises(Unauthenticated):
        api_keys.verify(key)


def test_a_revoked_key_opens_nothing_at_once() -> None:
    alice = customer()
    assert api_keys.revoke(alice.organisation.pk, alice.test_key[9:17])
    with pytest.raises(Unauthenticated):
        api_keys.verify(alice.test_key)
    assert not api_keys.revoke(alice.organisation.pk, alice.test_key[9:17])


def test_tokens_are_held_to_kling_s_limits() -> None:
    alice = customer()
    with tenancy.scope(alice.organisation.pk):
        row, secret = access_keys.issue(alice.organisation.pk, livemode=False, name="jwt")
    now = int(time.time())
    assert access_keys.verify(signed(row.access_key, secret)).access_key_id == row.pk
    refused = {
        signed(row.access_key, "x" * 43): 1000,
        signed("ak_live_unknown", secret): 1002,
        signed("ak_live_\0", secret): 1002,
        signed("ak_live_\ud800", secret): 1002,
        signed(row.access_key, secret, nbf=now + 600): 1003,
        signed(row.access_key, secret, exp=now - 600): 1004,
        signed(row.access_key, secret, exp=now + 10 * 365 * 86400): 1002,
        signed(row.access_key, secret, exp=str(now + 60)): 1002,
        signed(row.access_key, secret, exp=10**320): 1002,
        signed(row.access_key, secret, nbf=None): 1002,
        jwt.encode(
            {"iss": row.access_key, "exp": now + 60, "nbf": now}, None, algorithm="none"
        ): 1002,
        jwt.encode(
            {"iss": row.access_key, "exp": now + 60, "nbf": now}, secret * 2, algorithm="HS512"
        ): 1002,
        "eyJ" + "a" * 5000 + ".b.c": 1002,
        "eyJx.y.z": 1002,
    }
    for token, code in refused.items():
        with pytest.raises(access_keys.TokenRefused) as caught:
            access_keys.verify(token)
        assert caught.value.kling_code == code, token


def test_a_sealed_secret_cannot_be_moved_to_another_row() -> None:
    alice = customer()
    with tenancy.scope(alice.organisation.pk):
        one, secret = access_keys.issue(alice.organisation.pk, livemode=False, name="one")
        two, _ = access_keys.issue(alice.organisation.pk, livemode=False, name="two")
        AccessKey.objects.filter(pk=two.pk).update(sealed_secret=one.sealed_secret)
    assert unseal(one.sealed_secret, bound_to=f"access_key:{one.access_key}") == secret
    with pytest.raises(SealBroken):
        unseal(one.sealed_secret, bound_to=f"access_key:{two.access_key}")
    with pytest.raises(access_keys.TokenRefused):
        access_keys.verify(signed(two.access_key, secret))


def test_nothing_is_seen_outside_a_scope_or_inside_another_s() -> None:
    alice, mallory = customer(), customer("mallory")
    with pytest.raises(tenancy.TenantNotSet):
        ApiKey.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_apikey")
        assert cursor.fetchone() == (0,)
    with tenancy.scope(mallory.organisation.pk):
        assert not ApiKey.objects.filter(organisation=alice.organisation).exists()
        with pytest.raises(tenancy.TenantMismatch), tenancy.scope(alice.organisation.pk):
            pass
