"""A film that comes after its deadline: the credits are back already, and the film is given too."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
import requests
from PIL import Image

from accounts import tenancy
from generations import attempts, late
from tests.generations.programs import available, funded, native, overdue, settled
from tests.waiting import until

NAMED: dict[str, dict[str, Any]] = {
    "video": {"task": "video-extend", "prompt": "It arrives"},
    "audio": {"task": "avatar", "image": "https://example.com/a.png"},
}
LATE: dict[str, dict[str, Any]] = {
    "video": {"model": "kling-v1", "prompt": "slow:10 a snail on a wall"},
    "audio": {"task": "text-to-audio", "prompt": "slow:10 rain", "seconds": 3},
}


@pytest.mark.parametrize("what", LATE)
def test_what_comes_late_is_given_free_and_can_be_named(site: str, what: str) -> None:
    alice = funded()
    program = native(site, alice.test_key)
    before = available(alice)
    made = program.post("/generations", json=LATE[what]).json()
    overdue(made["id"])

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
    content = requests.get(gift["url"], timeout=60).content
    assert hashlib.sha256(content).hexdigest() == gift["sha256"]
    after = seen()
    assert (after["status"], after["credits"]["charged"]) == ("failed", 0)
    assert available(alice) == before
    with tenancy.system("an operator looks"):
        assert not attempts.in_suspense().filter(generation__public_id=made["id"]).exists()
    for name in (made["id"], gift["id"]):
        quote = program.post("/quotes", {**NAMED[what], what: name})
        assert quote.status_code == 201, quote.json()
    if what == "video":
        more = program.post("/generations", {**NAMED[what], what: gift["id"]}).json()
        longer = settled(program, more["id"])["video"]
        assert longer["duration"] == pytest.approx(10, abs=0.2)


def test_a_voice_that_comes_late_is_given_free_and_can_be_used(site: str) -> None:
    alice = funded()
    program = native(site, alice.test_key)
    said = "The quick brown fox jumps over the lazy dog, and then it sleeps until the next morning."
    speech = {"task": "tts", "text": said, "voice": "AOT", "language": "en"}
    heard = settled(program, program.post("/generations", speech).json()["id"])
    before = available(alice)
    order = {"task": "custom-voice", "voice_name": "slow:10 me", "audio": heard["audio"]["url"]}
    made = program.post("/generations", order).json()["id"]
    overdue(made)
    failed = settled(program, made)
    assert (failed["status"], failed["error"]["code"], failed["result"]) == (
        "failed", "deadline", None,
    )  # fmt: skip

    def given() -> Any:
        late.run()
        return program.get(f"/generations/{made}").json()["result"]

    gift = until(given, seconds=60, what="the late voice")
    assert gift["voice_id"] == made
    with tenancy.system("an operator looks"):
        assert not attempts.in_suspense().filter(generation__public_id=made).exists()
    after = program.get(f"/generations/{made}").json()
    assert (after["status"], after["credits"]["charged"]) == ("failed", 0)
    out = io.BytesIO()
    Image.new("RGB", (480, 360), "teal").save(out, "PNG")
    picture = program.post("/uploads", data=out.getvalue()).json()["id"]
    film = {"model": "kling-v2-6", "mode": "pro", "image": picture, "prompt": "<<<voice_1>>> hi",
            "sound": True, "voices": [made]}  # fmt: skip
    spoken = program.post("/generations", film)
    assert spoken.status_code == 202, spoken.json()
    assert available(alice) == before - spoken.json()["credits"]["held"]
