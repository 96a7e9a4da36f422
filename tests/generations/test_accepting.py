"""What accepting one order writes beside it: answers kept, the spender, uploads, the queue."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from PIL import Image

from accounts import access_keys, tenancy
from accounts.actors import Actor
from accounts.models import ApiKey, IdempotencyRecord
from billing.models import Hold
from generations import storage, submission, uploads
from generations.errors import QueueFull
from generations.models import Generation, GenerationEvent, Upload
from generations.submission import Receipt, Submission
from tests.generations.orders import actor
from tests.generations.programs import FILM, funded
from tests.people import Customer


@pytest.fixture(scope="module")
def alice() -> Customer:
    """A customer with 10,000 test credits and 60 live ones."""
    return funded()


@pytest.fixture(autouse=True)
def seen_by_no_worker(alice: Customer) -> Iterator[None]:
    """What happens in one transaction that is never committed, the running workers never see."""
    with tenancy.scope(alice.organisation.pk):
        yield
        transaction.set_rollback(True)


def order(by: Actor, prompt: str = "one", **more: Any) -> Receipt:
    fields = {**FILM, "prompt": prompt, **more.pop("fields", {})}
    return submission.submit(by, Submission(fields=fields, door="native", **more), lambda g: prompt)


def test_each_key_answers_what_it_was_answered_and_only_in_its_mode(alice: Customer) -> None:
    test, live = actor(alice), actor(alice, livemode=True)
    first = [order(by, words, idempotency_key=key) for by, words, key in (
        (test, "one", "a"), (live, "one", "a"), (test, "two", "b"), (live, "two", "b"),
    )]  # fmt: skip
    assert len({each.generation for each in first}) == 4
    again = [order(by, words, idempotency_key=key) for by, words, key in (
        (test, "one", "a"), (live, "one", "a"), (test, "two", "b"), (live, "two", "b"),
    )]  # fmt: skip
    assert again == [replace(each, replayed=True) for each in first]


def test_a_key_of_a_task_that_is_known_answers_nothing_and_the_others_stay(alice: Customer) -> None:
    by = actor(alice)
    order(by, "other", idempotency_key="other")
    order(actor(alice, livemode=True), "other", idempotency_key="late")
    made = order(by, external_id="mine")
    known = order(by, external_id="mine", idempotency_key="late")
    assert (known.generation, known.known) == (made.generation, True)
    assert order(actor(alice, livemode=True), external_id="mine").known is False
    kept = IdempotencyRecord.objects.filter(organisation=alice.organisation)
    assert set(kept.values_list("key", "livemode", "status")) == {
        ("other", False, 202), ("late", True, 202),
    }  # fmt: skip


def test_the_spender_is_who_ordered_and_with_what(alice: Customer) -> None:
    by = actor(alice)
    key = ApiKey.objects.filter(organisation=alice.organisation).latest("id")
    pair, _ = access_keys.issue(alice.organisation.pk, livemode=False, name="a pair")
    nobody = replace(by, user_id=None)
    for spender, expected in (
        (by, (alice.user.pk, "")),
        (nobody, (0, "")),
        (replace(nobody, api_key_id=key.pk), (0, f"key:{key.pk}")),
        (replace(nobody, access_key_id=pair.pk), (0, f"pair:{pair.pk}")),
    ):
        made = Generation.objects.get(public_id=order(spender).generation)
        spending = Hold.objects.get(pk=made.hold_id).spending
        assert spending is not None
        assert (spending.member, spending.credential) == expected
        assert (made.step_attempts, made.version, made.status) == (0, 0, "accepted")
        (event,) = GenerationEvent.objects.filter(generation=made)
        assert (event.sequence, event.status, event.detail) == (0, "accepted", {})


def test_a_queue_is_full_with_its_own_modes_unfinished_orders_alone(alice: Customer) -> None:
    by = actor(alice)
    first = order(by)
    order(actor(alice, livemode=True))
    open_ones = Generation.objects.filter(finished_at=None, livemode=False).count()
    with override_settings(QUEUE_LIMIT=open_ones + 1):
        order(by)
        with pytest.raises(QueueFull):
            order(by)
        Generation.objects.filter(public_id=first.generation).update(
            status="cancelled", finished_at="2026-01-01T00:00:00Z", next_run_at=None
        )
        order(by)


def test_what_an_order_names_is_marked_as_used_and_nothing_else(alice: Customer) -> None:
    raw = io.BytesIO()
    Image.new("RGB", (320, 320)).save(raw, "JPEG")
    by, live = actor(alice), actor(alice, livemode=True)
    named, idle, others = (uploads.store(who, raw.getvalue()) for who in (by, by, live))
    try:
        order(by, fields={"image": named.public_id})
        assert {each.pk for each in Upload.objects.exclude(used_at=None)} == {named.pk}
        before = datetime(2026, 1, 1, tzinfo=UTC)
        Upload.objects.filter(pk=named.pk).update(used_at=before)
        order(by, "again", fields={"image": named.public_id})
        assert Upload.objects.get(pk=named.pk).used_at == before
    finally:
        for each in (named, idle, others):
            storage.remove(each.key)
