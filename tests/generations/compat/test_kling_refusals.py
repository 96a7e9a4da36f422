"""What Kling's door says when it says no: the code tells a client whether to come again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generations.models import ProviderAccount, RefusedModel
from tests.generations.compat.test_kling_products import SPEECH
from tests.generations.programs import Program, available
from tests.generations.scripted import Scripted, scripted
from tests.people import Customer
from tests.selling import Seller

TTS = "/v1/audio/tts"


def test_words_that_may_not_be_said_are_1301(kling: Program, alice: Customer) -> None:
    before = available(alice)
    answer = kling.post(TTS, {**SPEECH, "text": "fail:moderation"})
    assert (answer.status_code, answer.json()["code"]) == (400, 1301)
    assert "policy" in answer.json()["message"]
    assert available(alice) == before


@pytest.fixture
def speaker(sell: Seller) -> Iterator[Scripted]:
    """The only one who speaks."""
    rows = RefusedModel.objects.bulk_create(
        RefusedModel(account=account, model="tts kling-tts", reason="a story")
        for account in ProviderAccount.objects.filter(enabled=True)
    )
    with scripted(lambda method, path, body: (503, {"code": 5001, "message": "busy"})) as upstream:
        sell(upstream.url, models_sold=["kling-tts"])
        yield upstream
    RefusedModel.objects.filter(pk__in=[row.pk for row in rows]).delete()


def test_a_service_in_trouble_is_5001_and_a_wrong_order_1201(
    kling: Program, alice: Customer, speaker: Scripted
) -> None:
    before = available(alice)
    answer = kling.post(TTS, SPEECH)
    assert (answer.status_code, answer.json()["code"]) == (503, 5001)
    speaker.answers = lambda *_: (400, {"code": 1201, "message": "Voice id not found"})
    answer = kling.post(TTS, SPEECH)
    assert (answer.status_code, answer.json()["code"]) == (400, 1201)
    assert answer.json()["message"] == "Voice id not found"
    assert available(alice) == before
