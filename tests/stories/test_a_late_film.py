"""A film that comes after its deadline: the credits are back already, and the film is given too."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import requests

from generations import late
from tests.generations.programs import available, funded, native
from tests.waiting import until

LATE: dict[str, dict[str, Any]] = {
    "video": {"model": "kling-v1", "prompt": "fail:late a snail on a wall"},
    "audio": {"task": "text-to-audio", "prompt": "slow:10 rain", "seconds": 3},
}


@pytest.mark.parametrize("what", LATE)
def test_what_comes_late_is_given_free(site: str, what: str) -> None:
    alice = funded()
    program = native(site, alice.test_key)
    before = available(alice)
    made = program.post("/generations", json={**LATE[what], "deadline": 5}).json()

    def seen() -> dict[str, Any]:
        found: dict[str, Any] = program.get(f"/generations/{made['id']}").json()
        return found

    failed = until(
        lambda: (g := seen())["status"] == "failed" and g, seconds=60, what="the deadline"
    )
    assert failed["error"]["code"] == "deadline"
    assert available(alice) == before

    def given() -> Any:
        late.run()
        return seen()[what]

    gift = until(given, seconds=60, what="what came late")
    content = requests.get(gift["url"], timeout=20).content
    assert hashlib.sha256(content).hexdigest() == gift["sha256"]
    after = seen()
    assert (after["status"], after["credits"]["charged"]) == ("failed", 0)
    assert available(alice) == before
