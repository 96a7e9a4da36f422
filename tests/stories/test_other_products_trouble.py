"""When upstreams misbehave over other products, customers pay for nothing they cannot play."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from accounts import tenancy
from generations.models import Attempt
from tests.generations.programs import Program, available, settled
from tests.people import Customer

RAIN = {"task": "text-to-audio", "seconds": 3}
SPEECH = {"task": "tts", "voice": "AOT", "language": "en"}


def ended(api: Program, order: dict[str, Any]) -> dict[str, Any]:
    """The generation when it has ended."""
    return settled(api, api.post("/generations", order).json()["id"])


def outcomes(public_id: str) -> list[str]:
    """How each try ended."""
    with tenancy.system("a test looks at the tries"):
        rows = Attempt.objects.filter(generation__public_id=public_id).order_by("number")
        return [row.outcome for row in rows]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({**RAIN, "prompt": "Rain fail:moderation"}, "moderation"),
        ({**RAIN, "prompt": "Rain fail:failed"}, "upstream_failed"),
        ({**RAIN, "prompt": "Rain fail:corrupt"}, "bad_film"),
        ({**RAIN, "prompt": "Rain fail:truncated"}, "bad_film"),
        ({**SPEECH, "text": "Hello fail:moderation"}, "moderation"),
        ({**SPEECH, "text": "Hello fail:lost-reply"}, "upstream_unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_heard_is_not_paid_for(
    api: Program, customer: Customer, order: dict[str, Any], code: str
) -> None:
    before = available(customer)
    failed = ended(api, order)
    assert (failed["status"], failed["error"]["code"]) == ("failed", code), failed
    assert (failed["audio"], failed["credits"]["charged"]) == (None, 0)
    assert available(customer) == before


def test_a_sound_whose_reply_was_lost_is_found_again_and_made_once(api: Program) -> None:
    made = ended(api, {**RAIN, "prompt": "Rain fail:lost-reply"})
    assert (made["status"], made["credits"]["charged"]) == ("succeeded", 3)
    assert outcomes(made["id"]) == ["accepted"]


def test_speech_whose_reply_was_lost_is_never_asked_for_twice(api: Program) -> None:
    failed = ended(api, {**SPEECH, "text": "Hello again fail:lost-reply"})
    assert failed["status"] == "failed"
    assert outcomes(failed["id"]) == ["abandoned"]


def test_a_busy_upstream_is_asked_again_until_it_speaks(api: Program) -> None:
    made = ended(api, {**SPEECH, "text": "Hello, are you busy? fail:429"})
    assert made["status"] == "succeeded"
    assert outcomes(made["id"]) == ["rejected", "rejected", "accepted"]


def test_an_expired_link_to_a_sound_is_renewed(api: Program) -> None:
    made = ended(api, {**RAIN, "prompt": "Rain fail:expired-link"})
    assert made["status"] == "succeeded"


def test_the_same_key_makes_one_sound_and_its_address_leads_to_it(api: Program) -> None:
    order = {**SPEECH, "text": "Only once"}
    first, second = (
        api.post("/generations", order, headers={"Idempotency-Key": "once-sound"}) for _ in "ab"
    )
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["Idempotent-Replayed"] == "true"
    made = settled(api, first.json()["id"])
    led = api.get(f"/generations/{made['id']}/content")
    assert led.status_code == 302
    content = requests.get(led.headers["Location"], timeout=60).content
    assert len(content) == made["audio"]["bytes"]
