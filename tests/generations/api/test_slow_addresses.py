"""Orders that name slow addresses are read a few at a time, and the site goes on answering."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
import requests

from accounts import tenancy
from generations.fetching import Room
from generations.models import Upload
from kling_saas.lib.refusals import RateLimited
from tests.generations.api.test_sent_media import wav
from tests.generations.programs import Program, available
from tests.people import Customer
from tests.serving import Quiet, serving
from tests.waiting import until

QUOTES, AT_ONCE = 16, 2  # as many as the site has threads; what one organisation may have read


class Slow:
    """`/slow` sends a byte now and then until it is let go and breaks off; `/good` is a sound."""

    def __init__(self) -> None:
        self.asked, self.let_go, self.root = 0, threading.Event(), ""


@pytest.fixture
def slow() -> Iterator[Slow]:
    made, counted = Slow(), threading.Lock()

    class Handler(Quiet):
        def get(self) -> None:
            body = wav(4)
            if self.path == "/good":
                self.answer(200, body)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with counted:
                made.asked += 1
            with suppress(OSError):
                while not made.let_go.wait(0.05):
                    self.wfile.write(b"0")

    with serving(Handler) as made.root:
        yield made
        made.let_go.set()


def test_quotes_that_name_slow_addresses_leave_the_site_and_everybody_else_alone(
    site: str, api: Program, mallory: Program, alice: Customer, slow: Slow
) -> None:
    order = {"task": "avatar", "image": "https://example.com/a.png", "audio": f"{slow.root}/slow"}
    good = {**order, "audio": f"{slow.root}/good"}
    kling = Program(f"{site}/kling", Authorization=f"Bearer {alice.test_key}")
    key = {"Idempotency-Key": "avatar-1"}
    with ThreadPoolExecutor(QUOTES) as pool:
        told = [pool.submit(api.post, "/quotes", order) for _ in range(QUOTES)]
        try:
            until(lambda: slow.asked == AT_ONCE, what="the first fetches")
            for place in ("/healthz", "/readyz"):
                assert requests.get(site + place, timeout=1.5).status_code == 200
            until(lambda: sum(t.done() for t in told) == QUOTES - AT_ONCE, what="the refusals")
            refused = [t.result() for t in told if t.done()]
            sent = {"image": good["image"], "sound_file": good["audio"]}
            others = [
                pool.submit(api.post, "/generations", {**good, "dry_run": True}),
                pool.submit(api.post, "/generations", good, headers=key),
                pool.submit(kling.post, "/v1/videos/avatar/image2video", sent),
            ]
            refused += [other.result() for other in others]
            assert {a.status_code for a in refused} == {429}
            assert {a.json()["code"] for a in refused[:-1]} == {"rate_limited"}
            assert refused[-1].json()["code"] == 1302
            assert {a.headers["Retry-After"] for a in refused} == {"5"}
            assert mallory.post("/generations", good).status_code == 202
            assert slow.asked == AT_ONCE
        finally:
            slow.let_go.set()
    broken = [t.result().json() for t in told if t.result().status_code == 422]
    assert [b["violations"][0]["code"] for b in broken] == ["bad_media"] * AT_ONCE
    assert available(alice) == 10_000
    with tenancy.scope(alice.organisation.pk):
        assert not Upload.objects.filter(organisation=alice.organisation).exists()
    assert api.post("/generations", good, headers=key).status_code == 202


def test_a_process_with_two_threads_reads_one_address_and_lets_nobody_wait() -> None:
    room = Room(2)
    with room.place(1), pytest.raises(RateLimited, match="upload"), room.place(2):
        raise AssertionError("there is no second place")
    with room.place(2):
        pass


def test_who_waits_in_line_gets_the_place_that_somebody_leaves() -> None:
    room, came = Room(16), threading.Event()

    def third() -> None:
        with room.place(3):
            came.set()

    with ExitStack() as taken:
        for organisation in (1, 1, 2, 2):
            taken.enter_context(room.place(organisation))
        waiting = threading.Thread(target=third)
        waiting.start()
        assert not came.is_set()
    waiting.join()
    assert came.is_set()
