"""Trouble of ours before an order goes out: nothing was sent, so it is tried again and not lost."""

from __future__ import annotations

import io

import pytest
from asgiref.sync import async_to_sync
from PIL import Image

from accounts import tenancy
from generations import attempts, blocking, dispatch, lifecycle, outcomes, products, uploads
from generations.models import Attempt, Generation, Protocol
from generations.providers import Exchange, NotSent
from tests.generations.orders import actor, claimed, parked
from tests.generations.programs import available, funded
from tests.generations.scripted import account_at, scripted
from tests.generations.test_resending import of_no_use
from tests.outage import database_away
from tests.people import Customer
from tests.processes import stopped
from tests.stack import Stack
from tests.waiting import until

# As a worker does it whose bucket's server is gone.
_SEND = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from accounts import tenancy
from generations import dispatch, outcomes
from generations.models import Attempt
with tenancy.system("a test is a worker"):
    attempt = Attempt.objects.select_related("generation", "account").get(pk=sys.stdin.read())
    order = attempt.generation
exchange = dispatch._send(order, attempt)
print(type(exchange.outcome).__name__, exchange.outcome.message)
outcomes.record(order, attempt, exchange)
"""
_NO_BUCKET = {
    "S3_BUCKET": "films", "S3_ENDPOINT": "http://127.0.0.1:1", "S3_ACCESS_KEY": "access",
    "S3_SECRET_KEY": "secret", "AWS_MAX_ATTEMPTS": "1",
}  # fmt: skip


def pictured(alice: Customer) -> Generation:
    """A claimed order that begins with a picture in our storage."""
    out = io.BytesIO()
    Image.new("RGB", (600, 400), "teal").save(out, "PNG")
    return claimed(parked(alice, image=uploads.store(actor(alice), out.getvalue()).public_id))


def now(order: Generation) -> Generation:
    with tenancy.system("a test looks at every tenant"):
        found: Generation = Generation.objects.get(pk=order.pk)
    return found


def tries(order: Generation) -> list[str]:
    with tenancy.system("a test looks at every tenant"):
        rows = Attempt.objects.filter(generation=order).order_by("number")
        return list(rows.values_list("outcome", flat=True))


def test_an_order_whose_picture_is_out_of_reach_is_put_back_and_made_later(stack: Stack) -> None:
    alice = funded()
    with stopped(stack.pid, "watcher", "cluster"), scripted(of_no_use) as upstream:
        order = pictured(alice)
        attempt = attempts.begin(order, account_at(upstream.url))
        told = stack.python(_SEND, str(attempt.pk), **_NO_BUCKET)
        assert told.startswith("NotSent EndpointConnectionError: "), told
        assert (tries(order), now(order).account_id) == (["not_sent"], None)
    until(lambda: now(order).status == "succeeded", what="the film")
    assert upstream.seen == []
    assert available(alice) == 10_000 - 10


def not_sent(exchange: Exchange) -> bool:
    return isinstance(exchange.outcome, NotSent) and exchange.outcome.ours


def sent_by_nobody(order: Generation, attempt: Attempt) -> Exchange:
    """What came of sending it while the database was away, in either way."""
    with database_away():
        exchange = dispatch._send(order, attempt)
        held = async_to_sync(blocking._call)(order, attempt)  # in this thread
    assert (not_sent(exchange), not_sent(held)) == (True, True)
    return exchange


def test_an_order_whose_picture_cannot_be_looked_up_is_not_sent(stack: Stack) -> None:
    with stopped(stack.pid, "watcher", "cluster"), scripted(of_no_use) as upstream:
        order = pictured(funded())
        attempt = attempts.begin(order, account_at(upstream.url))
        exchange = sent_by_nobody(order, attempt)
        assert upstream.seen == []
        outcomes.record(order, attempt, exchange)
        assert (tries(order), now(order).account_id) == (["not_sent"], None)
        assert lifecycle.cancel(now(order))


def test_an_order_whose_upstream_s_words_cannot_be_looked_up_is_not_sent(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stopped(stack.pid, "watcher", "cluster"), scripted(of_no_use) as upstream:
        order = claimed(parked(funded()))
        attempt = attempts.begin(order, account_at(upstream.url, Protocol.SEGMIND_V1))
        monkeypatch.setattr(products._known, "at", float("-inf"))  # to be read anew
        exchange = sent_by_nobody(order, attempt)
        assert upstream.seen == []
        outcomes.record(order, attempt, exchange)
        assert lifecycle.cancel(now(order))


def test_a_call_is_not_made_by_who_lost_the_order_meanwhile(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    with stopped(stack.pid, "watcher", "cluster"), scripted(of_no_use) as upstream:
        order = claimed(parked(funded()))
        attempt = attempts.begin(order, account_at(upstream.url, Protocol.SEGMIND_V1))
        with tenancy.system("it slept for longer than its lease"):
            Generation.objects.filter(pk=order.pk).update(lease_until=None)
        its = claimed(order)
        async_to_sync(blocking._hold)(order, attempt)
        assert (upstream.seen, tries(order)) == ([], ["unknown"])
        assert f"{order.public_id}: somebody else has it now" in caplog.text
        outcomes.abandon(its)
