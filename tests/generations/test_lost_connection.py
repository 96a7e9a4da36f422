"""The database goes away while an order is placed: it is accepted once, or the client is told."""

from __future__ import annotations

import psycopg
import pytest
from django.conf import settings as product
from django.core.signals import request_finished, request_started
from django.db import OperationalError, connection
from django.test import Client

from accounts import tenancy
from billing import wallets
from generations import accepting, submission
from generations.models import Generation
from generations.submission import Submission
from tests.generations.orders import actor
from tests.generations.programs import FILM, available, funded, native
from tests.outage import database_away


def cut_off(backend: int) -> None:
    """End a connection from the server's side, as a restart does."""
    with psycopg.connect(product.DATABASE_URL, autocommit=True) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend]).fetchone()


def test_an_order_on_a_dead_connection_is_asked_again_and_accepted() -> None:
    alice = funded()

    def cut_just_before_it_is_asked(order: Generation) -> str:
        cut_off(connection.connection.info.backend_pid)
        return "x"

    receipt = submission.submit(
        actor(alice), Submission(fields=FILM, door="native"), cut_just_before_it_is_asked
    )
    assert receipt.body == "x"
    assert wallets.balance(alice.organisation.pk, False).reserved == 10


def test_an_order_whose_answer_was_lost_is_held_once() -> None:
    alice = funded()
    order = Submission(fields=FILM, door="native")
    prepared = submission.prepare(actor(alice), order)
    generation = submission._unsaved(actor(alice), order, prepared)
    for _ in range(2):
        outcome, body, found = accepting.accept(generation, None, "the answer", [], "kling-v1")
        assert (outcome, body, found) == ("accepted", "the answer", generation.public_id)
    assert wallets.balance(alice.organisation.pk, False).reserved == 10
    with tenancy.scope(alice.organisation.pk):
        assert Generation.objects.count() == 1


def test_the_site_answers_after_its_connections_were_cut(site: str) -> None:
    alice = funded()
    program = native(site, alice.test_key)
    for _ in range(4):  # its threads take turns
        program.get("/wallet")
    with psycopg.connect(product.DATABASE_URL, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE usename = current_user AND state = 'idle' AND pid <> pg_backend_pid()"
        )
    connection.close()  # ours was among them
    for _ in range(4):
        assert program.post("/generations", FILM).status_code == 202
    assert available(alice) == 10_000 - 40


def test_a_thread_whose_connection_was_lost_under_a_query_goes_on_with_another() -> None:
    browser = Client(headers={"Host": "127.0.0.1"})
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    request_finished.send(None)
    request_started.send(None)  # the test browser keeps these two from ending the connection
    assert browser.get("/readyz").status_code == 200


def test_pages_ask_to_come_again_while_the_database_is_away() -> None:
    browser = Client(raise_request_exception=False, headers={"Host": "127.0.0.1"})
    with database_away():
        page, told = browser.get("/pricing"), browser.get("/api/v1/models")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    assert b"Back in a moment" in page.content
    assert (told.status_code, told.json()["code"]) == (503, "unavailable")
    assert browser.get("/pricing").status_code == 200
