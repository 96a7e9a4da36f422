"""Segmind's page kling-create-voice: a voice out of a recording, to be named in later films.

Only the page's name and its average price ($0.007, which is Kling's 0.05 units) are recorded; the
names of its parameters and of its answer are our reading, by analogy with Kling's own.
"""

from __future__ import annotations

from collections.abc import Mapping

from generations.catalogue.products.own import VOICE
from generations.wire.task import BadRequest, Order

SLUG = "kling-create-voice"
_RECORDING = ("voice_url", "audio", "audio_url")
_NAME = ("voice_name", "name")
_UNNAMED = "voice"


def decode_order(body: object) -> Order:
    """A create request in native words. Raises BadRequest."""
    if not isinstance(body, Mapping):
        raise BadRequest("body", "must be a JSON object")
    recording = next((body[name] for name in _RECORDING if body.get(name)), None)
    if recording is None:
        raise BadRequest(_RECORDING[0], "is required")
    name = next((body[name] for name in _NAME if body.get(name)), _UNNAMED)
    return Order(fields={"task": VOICE.name, "audio": recording, "voice_name": name})
