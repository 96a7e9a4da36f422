"""One shot on stage: builds the scene of a prompt or a photograph and draws any of its moments."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from random import Random
from typing import Protocol

from PIL import Image, ImageChops, ImageOps

from generations.sandbox.film import land, sky, vistas
from generations.sandbox.film.actors import Flock, figures
from generations.sandbox.film.camera import Pose
from generations.sandbox.film.layers import Canvas, Layer
from generations.sandbox.film.mood import Mood, read_prompt
from generations.sandbox.film.particles import Air
from generations.sandbox.film.planes import Planes

_PAINTERS: dict[str, Callable[[Canvas, Mood], land.Painted]] = {
    "mountains": land.mountains,
    "forest": land.forest,
    "meadow": land.meadow,
    "desert": land.desert,
    "sea": vistas.sea,
    "city": vistas.city,
    "space": vistas.space,
}
_GRAINS = 5


class Stage(Protocol):
    """Anything that can show a moment of itself."""

    def show(self, pose: Pose, progress: float, seconds: float) -> Planes:
        """The picture at `seconds` into the shot, `progress` 0 to 1, before the lens."""


class Scene:
    """A painted scene, layer by layer."""

    def __init__(self, canvas: Canvas, prompt: str, seed: int | None) -> None:
        mood = read_prompt(prompt, seed)
        painted = _PAINTERS[mood.place](canvas, mood)
        people = figures(canvas, mood, painted.foot)
        cut = len(painted.layers) - painted.front
        self._back: list[Layer] = [*painted.layers[:cut], *people]
        self._front: list[Layer] = painted.layers[cut:]
        if mood.weather in ("fog", "rain"):
            self._front.append(sky.mist(canvas, mood, 0.72, 0.5, 0.8, 130))
        self._flock = Flock(canvas, mood) if "birds" in mood.extras else None
        self._air = Air(canvas, mood)
        self._canvas = canvas

    def show(self, pose: Pose, progress: float, seconds: float) -> Planes:
        """The scene at that moment."""
        frame = Planes.blank((self._canvas.width, self._canvas.height))
        flock = self._flock.at(seconds) if self._flock else []
        for layer in (*self._back, *flock, *self._front):
            layer.place(frame, self._canvas, pose, seconds)
        self._air.place(frame, pose, seconds)
        return frame


class Photo:
    """A still picture brought to life between its first and, if given, its last frame."""

    def __init__(self, canvas: Canvas, first: Image.Image, last: Image.Image | None) -> None:
        self._canvas = canvas
        self._first = Layer(Planes.of(ImageOps.fit(first, canvas.world)))
        self._last = Layer(Planes.of(ImageOps.fit(last, canvas.world))) if last else None

    def show(self, pose: Pose, progress: float, seconds: float) -> Planes:
        """The first picture, melting into the last one in the second half."""
        size = (self._canvas.width, self._canvas.height)
        frame = Planes.blank(size)
        self._first.place(frame, self._canvas, pose, seconds)
        share = min(1.0, max(0.0, (progress - 0.35) / 0.5))
        if self._last is None or share <= 0:
            return frame
        over = Planes.blank(size)
        self._last.place(over, self._canvas, pose, seconds)
        k = share * share * (3 - 2 * share)
        return Planes(
            Image.blend(frame.y, over.y, k),
            Image.blend(frame.u, over.u, k),
            Image.blend(frame.v, over.v, k),
        )


def open_picture(content: bytes) -> Image.Image:
    """An RGB picture from a file's bytes. Raises OSError if it is no picture."""
    return ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")


class Lens:
    """What every frame passes last: zoom and roll, vignette, film grain."""

    def __init__(self, canvas: Canvas, seed: int) -> None:
        self._size = (canvas.width, canvas.height)
        rng = Random(f"{seed}:grain")  # noqa: S311 - pictures, not secrets
        shade = self._vignette()
        self._grains = [ImageChops.subtract(self._grain(rng), shade) for _ in range(_GRAINS)]

    def _vignette(self) -> Image.Image:
        base = Image.radial_gradient("L").resize(self._size, Image.Resampling.BICUBIC)
        return base.point([round(44 * max(0.0, i / 255 - 0.42) ** 1.6 * 2) for i in range(256)])

    def _grain(self, rng: Random) -> Image.Image:
        wide, high = self._size
        dots = Image.frombytes("L", self._size, rng.randbytes(wide * high))
        return dots.point([128 + round((i - 127.5) / 127.5 * 2.6) for i in range(256)])

    def look(self, picture: Planes, pose: Pose, number: int) -> Planes:
        """The picture as the film takes it; `number` is the frame's."""
        if pose.roll:
            picture = self._rolled(picture, pose)
        elif pose.zoom > 1.0005:
            picture = self._zoomed(picture, pose.zoom)
        grain = self._grains[number % _GRAINS]
        return Planes(ImageChops.add(picture.y, grain, 1, -128), picture.u, picture.v)

    def _zoomed(self, picture: Planes, zoom: float) -> Planes:
        def near(image: Image.Image) -> Image.Image:
            wide, high = image.size
            left, top = wide * (1 - 1 / zoom) / 2, high * (1 - 1 / zoom) / 2
            box = (left, top, wide - left, high - top)
            return image.resize(image.size, Image.Resampling.BILINEAR, box=box)

        return Planes(near(picture.y), near(picture.u), near(picture.v))

    def _rolled(self, picture: Planes, pose: Pose) -> Planes:
        """Turned the other way than the camera, and near enough that no corner is empty."""
        wide, high = self._size
        cover = math.cos(math.radians(8)) + max(wide / high, high / wide) * math.sin(
            math.radians(8)
        )
        angle = math.radians(pose.roll)
        a, b = math.cos(angle) / cover, math.sin(angle) / cover

        def turned(image: Image.Image) -> Image.Image:
            cx, cy = image.width / 2, image.height / 2
            matrix = (a, -b, cx - a * cx + b * cy, b, a, cy - b * cx - a * cy)
            return image.transform(
                image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
            )

        return Planes(turned(picture.y), turned(picture.u), turned(picture.v))
