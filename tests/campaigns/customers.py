"""Careful customers of a running product: one idempotency key through all retries of an order.

Who stands far back in the queue orders more slowly: what is tried is not how much a machine makes.
Two organisations in turn; every fourth order is another product than a film, every second one
names a server of the customer's to be told at, and of those some come by Kling's own door.
"""

from __future__ import annotations

import io
import threading
import time
import uuid
from collections import Counter
from typing import Any

import httpx
from PIL import Image

from tests.campaigns.doorstep import Doorstep
from tests.stack import Stack

_FAR_BACK = 60  # a place in the queue, from which on they wait longer before the next order
_SLOWLY = 4
_MODELS = ("kling-v1", "kling-v1-6", "kling-v2-5-turbo", "kling-v2-6")
_RICH = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from billing import ledger
from billing.models import LotSource
from tests.people import customer
for name in ("alice", "bob"):
    one = customer(name)
    given = one.organisation.pk, False, 1_000_000, LotSource.TEST
    ledger.grant(*given, reference=f"chaos:{name}")
    print(one.test_key)
"""


class Customers:
    """`keys` are the organisations' test keys; `failed` tells of orders that were not accepted."""

    def __init__(self, stack: Stack, doorstep: Doorstep) -> None:
        self.placed = 0
        self.failed: list[str] = []
        self.keys = stack.python(_RICH).split()
        self._site, self._doorstep = stack.site, doorstep
        self._pictures = [self._sent(key) for key in self.keys]
        self._lock = threading.Lock()
        self._due, self._place = 0.0, 0

    def place(self, count: int, *, pace: float) -> None:
        """`count` more orders, one every `pace` seconds or slower, by four clients side by side."""
        end = self.placed + count
        self._due = time.monotonic()
        threads = [threading.Thread(target=self._work, args=(end, pace)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def unfinished(self) -> bool:
        """Whether anything is queued or processing, or nobody answers."""
        try:
            return any(self._listed(key, word) for key in self.keys for word in _UNDER_WAY)
        except (httpx.HTTPError, KeyError, ValueError):
            return True

    def _listed(self, key: str, word: str) -> list[Any]:
        address = f"{self._site}/api/v1/generations?limit=1&status={word}"
        found: list[Any] = httpx.get(address, headers=_proof(key), timeout=10).json()["data"]
        return found

    def _sent(self, key: str) -> str:
        """A picture of the customer's, as an upload."""
        out = io.BytesIO()
        Image.new("RGB", (480, 360), "teal").save(out, "PNG")
        address = f"{self._site}/api/v1/uploads"
        answer = httpx.post(address, content=out.getvalue(), headers=_proof(key), timeout=30)
        return str(answer.json()["id"])

    def _work(self, end: int, pace: float) -> None:
        with httpx.Client(base_url=self._site, timeout=10) as client:
            while (number := self._next(end, pace)) is not None:
                if not self._order(client, number):
                    self.failed.append(f"order {number} was never accepted")

    def _next(self, end: int, pace: float) -> int | None:
        with self._lock:
            if self.placed >= end:
                return None
            self.placed += 1
            self._due += pace * (_SLOWLY if self._place > _FAR_BACK else 1)
            number, due = self.placed, self._due
        time.sleep(max(0.0, due - time.monotonic()))
        return number

    def _order(self, client: httpx.Client, number: int) -> bool:
        who = number // 2 % len(self.keys)
        headers = {**_proof(self.keys[who]), "Idempotency-Key": str(uuid.uuid4())}
        door, body = "/api/v1/generations", _body(number, self._pictures[who])
        if number % 6 == 1:
            door, body = "/kling/v1/videos/text2video", _klings(number, body)
        if number % 2:
            name = "webhook_url" if "model" in body else "callback_url"
            body[name] = self._doorstep.address(who, number)
        tries: Counter[str] = Counter()
        for _ in range(120):
            try:
                answer = client.post(door, json=body, headers=headers)
            except httpx.HTTPError as error:
                tries[type(error).__name__] += 1
                time.sleep(0.5)
                continue
            if answer.is_success:
                self._place = answer.json().get("position", self._place) or 0  # not at Kling's door
                return True
            if answer.status_code < 500:
                print(f"chaos: {answer.status_code} {answer.text[:200]}")
                return False
            tries[str(answer.status_code)] += 1
            time.sleep(0.5)
        print(f"chaos: order {number} met {dict(tries)}")
        return False


_UNDER_WAY = ("queued", "processing")


def _proof(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _klings(number: int, body: dict[str, Any]) -> dict[str, Any]:
    """The film in Kling's words; the external id is its idempotency key."""
    return {
        "model_name": body["model"],
        "prompt": body["prompt"],
        "external_task_id": f"order-{number}",
    }


def _body(number: int, picture: str) -> dict[str, Any]:
    """No two orders have the same words: Segmind knows them by nothing else."""
    words = f"A lighthouse in a storm, number {number}"
    if number % 4:
        return {"model": _MODELS[number % len(_MODELS)], "prompt": words}
    others: tuple[dict[str, Any], ...] = (
        {"task": "text-to-audio", "prompt": words, "seconds": 4},
        {"task": "tts", "text": words, "voice": "AOT", "language": "en"},
        {"task": "effects", "effect_scene": "squish", "images": [picture]},
        {"task": "multi-image2video", "images": [picture, picture], "prompt": words},
    )
    return dict(others[number // 4 % len(others)])
