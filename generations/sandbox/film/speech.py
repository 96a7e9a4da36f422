"""Something like speech: a voice that hums one syllable after another, as long as the text takes.

Nobody takes it for a person. What counts is that it is heard, that its length is plausible and
that equal requests give equal bytes.
"""

from __future__ import annotations

import hashlib
import math
import re
from array import array
from collections.abc import Iterator
from random import Random

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from generations.sandbox.film.sound import RATE

_VOWELS = ((730, 1090), (270, 2290), (300, 870), (530, 1840), (570, 840))  # formants, Hz
_SYLLABLE, _PAUSE, _BREATH = 0.19, 0.28, 0.06  # seconds
_LEAST = 1.0
_DRAWN_AT = 16_000  # Hz; computed sample by sample, so no more than a voice needs
_WORDS = re.compile(r"\w+|[.,;:!?…。，！？]")
_WIDE = re.compile(r"[\u3040-\u9fff\uac00-\ud7af]")
_Sound = tuple[float, int, int]  # seconds, and the formants of its vowel (0: silence)


def spoken(text: str, voice: str, speed: float = 1.0) -> Iterator[AudioFrame]:
    """Stereo frames at RATE; pitch and vowels follow voice and text, at least a second of them."""
    plan = _plan(text, voice)
    short = _LEAST * speed - sum(seconds for seconds, _, _ in plan)
    if short > 0:
        plan.append((short, 0, 0))
    pitch = 95.0 + hashlib.sha256(voice.encode()).digest()[0] * 0.6
    resampler = AudioResampler(format="fltp", layout="stereo", rate=RATE)
    for seconds, low, high in plan:
        samples = _drawn(round(seconds / speed * _DRAWN_AT), pitch, low, high)
        frame = AudioFrame("s16", "mono", len(samples))
        frame.sample_rate = _DRAWN_AT
        frame.planes[0].update(_fitted(samples, frame.planes[0].buffer_size))
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _plan(text: str, voice: str) -> list[_Sound]:
    rng = Random(f"{voice}:{text}")  # noqa: S311 - sounds, not secrets
    plan: list[_Sound] = []
    for word in _WORDS.findall(text):
        if not word[0].isalnum():
            plan.append((_PAUSE, 0, 0))
            continue
        for _ in range(len(_WIDE.findall(word)) or max(1, round(len(word) / 3))):
            low, high = rng.choice(_VOWELS)
            plan.append((_SYLLABLE * rng.uniform(0.85, 1.15), low, high))
        plan.append((_BREATH, 0, 0))
    return plan


def _drawn(count: int, pitch: float, low: int, high: int) -> array[int]:
    """One syllable: the pitch and two formants, swelling and fading."""
    if not low:
        return array("h", bytes(2 * count))
    turn = math.tau / _DRAWN_AT
    return array(
        "h",
        (
            round(
                9000
                * math.sin(math.pi * n / count)
                * (
                    0.6 * math.sin(turn * pitch * n)
                    + 0.3 * math.sin(turn * low * n)
                    + 0.1 * math.sin(turn * high * n)
                )
            )
            for n in range(count)
        ),
    )


def _fitted(samples: array[int], room: int) -> bytes:
    """The samples' bytes, filled up to what the frame's buffer holds."""
    return samples.tobytes().ljust(room, b"\0")
