"""A quiet sound for a film: a chord, breath of wind or water and a slow swell, from the prompt.

Synthesised by FFmpeg's own sources, so it costs milliseconds and is equal for equal prompts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import av
from av.audio.frame import AudioFrame
from av.filter import Graph

from generations.sandbox.film.mood import Mood

RATE = 48_000
_BLOCK = 1024  # samples of silence at a time
_CHORDS = ((0, 7, 12, 16), (0, 7, 12, 15), (0, 5, 12, 17), (0, 7, 14, 19))
_WINDS = {"sea": (420, 0.34, 0.16), "city": (260, 0.16, 0.1), "space": (160, 0.12, 0.1)}


def ambience(mood: Mood, seconds: float) -> Iterator[AudioFrame]:
    """Stereo frames of `seconds` of sound at `RATE`."""
    rng = mood.source("sound")
    root = 110.0 * 2 ** (rng.choice((0, 2, 3, 5, 7, 8)) / 12)
    notes = [root * 2 ** (step / 12) for step in rng.choice(_CHORDS)]
    cutoff, loud, pulse = _WINDS.get(mood.place, (520, 0.12, 0.12))
    graph = Graph()
    left = graph.add("aevalsrc", _args(exprs=_chord(notes, 0.0, seconds), s=RATE, d=seconds))
    right = graph.add("aevalsrc", _args(exprs=_chord(notes, 0.6, seconds), s=RATE, d=seconds))
    both = graph.add("join", "inputs=2:channel_layout=stereo")
    wind = graph.add(
        "anoisesrc", _args(c="pink", r=RATE, d=seconds, a=loud, s=rng.randrange(2**31))
    )
    soft = graph.add("lowpass", f"f={cutoff}")
    swell = graph.add("tremolo", f"f={max(0.1, pulse)}:d=0.8")
    wide = graph.add("aformat", "channel_layouts=stereo")
    mix = graph.add("amix", "inputs=2:normalize=0")
    shape = graph.add("aformat", f"sample_fmts=fltp:sample_rates={RATE}:channel_layouts=stereo")
    sink = graph.add("abuffersink")
    left.link_to(both, 0, 0)
    right.link_to(both, 0, 1)
    both.link_to(mix, 0, 0)
    for first, second in ((wind, soft), (soft, swell), (swell, wide)):
        first.link_to(second)
    wide.link_to(mix, 0, 1)
    mix.link_to(shape)
    shape.link_to(sink)
    graph.configure()
    yield from _drained(graph)


def fitted(frames: Iterable[AudioFrame], start: float, seconds: float) -> Iterator[AudioFrame]:
    """The sound after `start` seconds of silence, cut or filled up to `seconds` in all."""
    left = round(seconds * RATE)
    for frame in chain(_silence(round(start * RATE)), frames, _silence(left)):
        if left <= 0:
            return
        left -= frame.samples
        yield frame


def _silence(count: int) -> Iterator[AudioFrame]:
    for _ in range(-(-count // _BLOCK)):
        frame = AudioFrame("fltp", "stereo", _BLOCK)
        frame.sample_rate = RATE
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        yield frame


def _drained(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.EOFError, av.error.BlockingIOError):
            return
        if isinstance(frame, AudioFrame):
            yield frame


def _args(**values: object) -> str:
    return ":".join(f"{name}={value}" for name, value in values.items())


def _chord(notes: list[float], phase: float, seconds: float) -> str:
    """An expression: each note breathing at its own pace, the whole faded in and out."""
    voices = [
        f"{0.055 / (1 + 0.5 * i):.4f}*sin(2*PI*{note:.3f}*t+{phase:.2f})"
        f"*(0.6+0.4*sin(2*PI*{0.09 + 0.05 * i:.3f}*t+{phase + i:.2f}))"
        for i, note in enumerate(notes)
    ]
    fade = f"min(1\\,t/0.8)*min(1\\,({seconds}-t)/0.8)"
    return f"({'+'.join(voices)})*{fade}"
