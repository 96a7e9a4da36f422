"""What is in the air: snow, rain, petals, fireflies, dust in the light, twinkling stars."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image, ImageDraw

from generations.sandbox.film import paint
from generations.sandbox.film.camera import Pose
from generations.sandbox.film.layers import Canvas
from generations.sandbox.film.mood import Mood
from generations.sandbox.film.planes import Alpha, Colour, Ink, Planes


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one sort of particle looks and moves: lengths in shares of the frame, seconds."""

    count: int
    sizes: tuple[float, ...]
    velocity: tuple[float, float]
    wobble: float
    light: int
    blink: bool = False
    streak: bool = False
    upper: float = 1.0


_KINDS = {
    "snow": _Kind(150, (0.006, 0.010, 0.018), (0.025, 0.13), 0.02, 215),
    "rain": _Kind(150, (0.035, 0.05, 0.07), (-0.12, 1.9), 0.0, 84, streak=True),
    "petals": _Kind(46, (0.010, 0.014, 0.02), (0.09, 0.07), 0.03, 225),
    "fireflies": _Kind(44, (0.018, 0.026, 0.036), (0.012, -0.012), 0.035, 235, blink=True),
    "stars": _Kind(46, (0.010, 0.014), (0.0, 0.0), 0.0, 235, blink=True, upper=0.5),
    "dust": _Kind(34, (0.006, 0.010, 0.016), (0.012, -0.008), 0.02, 95, blink=True),
}


class Air:
    """The particles of one scene."""

    def __init__(self, canvas: Canvas, mood: Mood) -> None:
        name = mood.weather if mood.weather in _KINDS else _usual(mood)
        kind = _KINDS[name]
        rng = mood.source("air")
        self._canvas, self._kind = canvas, kind
        self._ink = Ink.of(_colour(name, mood))
        self._sprites = [
            [_sprite(canvas.px(size), kind, level / 4) for level in range(1, 5)]
            for size in kind.sizes
        ]
        self._motes = [
            (rng.randrange(len(kind.sizes)), rng.random(), rng.random() * kind.upper, rng.random())
            for _ in range(kind.count)
        ]

    def place(self, frame: Planes, pose: Pose, seconds: float) -> None:
        """Draw the particles as they are at that moment."""
        wide, high = self._canvas.width, self._canvas.height
        across, down = self._canvas.margin
        for size, x, y, phase in self._motes:
            near = (size + 1) / len(self._sprites)
            px = x * wide * 1.2 + self._kind.velocity[0] * near * seconds * high
            py = y * high * 1.2 + self._kind.velocity[1] * near * seconds * high
            px += self._kind.wobble * high * math.sin(seconds * 0.9 + phase * math.tau)
            if not self._kind.upper < 1:
                px -= across * pose.walk_x * near
                py -= down * pose.walk_y * near
            px -= across * pose.turn_x
            py -= down * pose.turn_y
            sprite = self._sprites[size][self._level(phase, seconds)]
            spot = (round(px % (wide * 1.2) - wide * 0.1), round(py % (high * 1.2) - high * 0.1))
            frame.paste(self._ink, spot, sprite)

    def _level(self, phase: float, seconds: float) -> int:
        if not self._kind.blink:
            return 3
        wave = math.sin(math.tau * (phase + seconds * (0.22 + 0.3 * phase)))
        return min(3, int(2 + 2 * wave))


def _usual(mood: Mood) -> str:
    if mood.hour in ("night", "neon") or mood.place == "space":
        return "stars"
    return "dust"


def _colour(name: str, mood: Mood) -> Colour:
    own: dict[str, Colour] = {"petals": (255, 190, 212), "fireflies": (255, 232, 130)}
    return own.get(name, paint.lerp(mood.palette.sun, (255, 255, 255), 0.4))


def _sprite(size: int, kind: _Kind, level: float) -> Alpha:
    light = round(kind.light * level)
    if kind.streak:
        mask = Image.new("L", (max(4, size // 6 * 2), max(4, size // 2 * 2)), 0)
        draw = ImageDraw.Draw(mask)
        draw.line((mask.width - 2, 0, 1, mask.height), fill=light, width=max(1, size // 26))
        return Alpha.of(mask)
    edge = max(4, (size + 1) // 2 * 2)
    return Alpha.of(paint.glow(edge, 1.3, light))
