"""A film that comes after its deadline: the credits are back already, and the film is given too."""

from __future__ import annotations

import requests

from generations import late
from tests.generations.programs import available, funded, native
from tests.waiting import until


def test_a_late_film_is_given_free(site: str) -> None:
    alice = funded()
    program = native(site, alice.test_key)
    before = available(alice)
    order = {"model": "kling-v1", "prompt": "fail:late a snail on a wall", "deadline": 3}
    made = program.post("/generations", json=order).json()

    def seen() -> dict[str, object]:
        found: dict[str, object] = program.get(f"/generations/{made['id']}").json()
        return found

    failed = until(lambda: (g := seen())["status"] == "failed" and g, what="the deadline")
    assert failed["error"]["code"] == "deadline"
    assert available(alice) == before

    def given() -> object:
        late.run()
        return seen()["video"]

    video = until(given, seconds=60, what="the late film")
    assert requests.get(video["url"], timeout=20).content[4:8] == b"ftyp"
    after = seen()
    assert (after["status"], after["credits"]["charged"]) == ("failed", 0)
    assert available(alice) == before
