"""Segmind's page kling-create-voice: a voice out of a recording, to be named in later films.

Only the page's name and its average price ($0.007, which is Kling's 0.05 units) are recorded; the
names of its parameters and of its answer are our reading, by analogy with Kling's own. So they are
`WORDS` that an operator corrects, for our door and for the upstream alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generations.catalogue.params import Params
from generations.catalogue.products.own import VOICE
from generations.catalogue.reading import is_token
from generations.wire import loose
from generations.wire.task import BadRequest, Order

SLUG = "kling-create-voice"
WORDS: Mapping[str, str] = {
    "recording": "voice_url",
    "name": "voice_name",
    "voice": "voice_id",
}
"""What the page calls the recording's address, the voice's name, and in its answer the voice."""
_RECORDING = (WORDS["recording"], "audio", "audio_url")  # what clients may send as well
_NAME = (WORDS["name"], "name")
_UNNAMED = "voice"


def corrected(told: object) -> Mapping[str, str]:
    """The words with an operator's corrections. Raises ValueError."""
    if not isinstance(told, Mapping) or not set(told) <= set(WORDS):
        raise ValueError(f"must be an object of {', '.join(WORDS)}")
    if not all(is_token(word) for word in told.values()):
        raise ValueError("every word must be the name of a parameter")
    return {**WORDS, **told}


def decode_order(body: object, words: Mapping[str, str] = WORDS) -> Order:
    """A create request in native words. Raises BadRequest."""
    if not isinstance(body, Mapping):
        raise BadRequest("body", "must be a JSON object")
    recording = _first(body, words["recording"], *_RECORDING)
    if recording is None:
        raise BadRequest(words["recording"], "is required")
    name = _first(body, words["name"], *_NAME) or _UNNAMED
    return Order(fields={"task": VOICE.name, "audio": recording, "voice_name": name})


def place_of(body: Mapping[str, Any], words: Mapping[str, str], place: str) -> str:
    """A place in an order in native words as the client calls the page's parameter for it."""
    known = {"audio": (words["recording"], *_RECORDING), "voice_name": (words["name"], *_NAME)}
    spellings = known.get(place, (place,))
    return next((each for each in spellings if body.get(each)), spellings[0])


def _first(body: Mapping[str, Any], *names: str) -> Any:
    return next((body[name] for name in names if body.get(name)), None)


def can_serve(params: Params) -> bool:
    """Whether the order is a voice out of a recording; Kling's ids of films mean nothing here."""
    return params.task == VOICE.name and bool(params.inputs.get("audio"))


def body_of(params: Params, words: Mapping[str, str]) -> dict[str, Any]:
    """The order as the page takes it."""
    return {
        words["recording"]: params.inputs["audio"],
        words["name"]: params.inputs["voice_name"],
    }


def made(answer: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """The voice that an answer tells of, in our words; empty when it tells of none."""
    output = answer.get("output")
    for place in (loose.mapping(output), answer):
        if voice := loose.text(place.get(words["voice"]) or place.get(WORDS["voice"])):
            return {VOICE.gives: voice}
    named = loose.text(loose.mapping(output).get("id"))
    return {VOICE.gives: named} if named else {}
