"""A person may do what their role says, and a refusal moves nothing."""

from __future__ import annotations

import dataclasses

import pytest
from django.test import Client

from accounts import api_keys, tenancy
from accounts.models import ApiKey, Membership, Role
from billing import wallets
from generations import submission
from kling_saas.lib.refusals import Forbidden
from tests.generations.orders import parked
from tests.generations.programs import available, funded
from tests.people import lowered

FILM = {"model": "kling-v1", "prompt": "A kite over the dunes"}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.BILLING])
def test_a_role_that_does_not_order_holds_nothing(role: Role) -> None:
    alice = funded()
    actor = dataclasses.replace(api_keys.verify(alice.test_key), role=role)
    order = submission.Submission(fields=FILM, door="native")
    with pytest.raises(Forbidden):
        submission.submit(actor, order, lambda generation: "{}")
    balance = wallets.balance(alice.organisation.pk, False)
    assert (balance.available, balance.reserved) == (available(alice), 0)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.BILLING])
def test_a_role_that_does_not_order_cancels_nothing(role: Role) -> None:
    alice = funded()
    film = parked(alice)
    lowered(alice, role)
    browser = Client(headers={"Host": "127.0.0.1"})
    browser.force_login(alice.user)
    browser.post("/app/mode", {"mode": "test"})
    job = f"/app/jobs/{film.public_id}"
    assert b"Cancel, free of charge" not in browser.get(job).content
    assert f"Your role ({role}) does not cancel films" in told(browser, job)
    assert available(alice) == 10_000 - 10

    with tenancy.scope(alice.organisation.pk):
        Membership.objects.filter(user=alice.user).update(role=Role.CREATOR)
    assert b"Cancel, free of charge" in browser.get(job).content
    assert "its credits are back" in told(browser, job)
    assert available(alice) == 10_000


def told(browser: Client, job: str) -> str:
    """What the page says after its button to cancel was pressed."""
    answer = browser.post(f"{job}/cancel", follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("role", [Role.VIEWER, Role.BILLING, Role.CREATOR])
def test_a_role_that_holds_no_keys_makes_none_and_reads_no_log(role: Role) -> None:
    alice = funded()
    lowered(alice, role)
    browser = Client(headers={"Host": "127.0.0.1"})
    browser.force_login(alice.user)
    with tenancy.scope(alice.organisation.pk):
        before = ApiKey.objects.count()
    refused = browser.post("/dev/keys", {"name": "mine"})
    assert (refused.status_code, browser.get("/dev/logs").status_code) == (403, 403)
    assert "Ask an owner or admin" in refused.content.decode()
    assert b'href="/dev/"' not in browser.get("/app/jobs").content
    with tenancy.scope(alice.organisation.pk):
        assert ApiKey.objects.count() == before
