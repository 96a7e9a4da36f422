"""The motion brush: what a mask covers is cut out of the picture and moves along its path."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageOps

from generations.sandbox.film.camera import Pose
from generations.sandbox.film.layers import Canvas, Layer, cut_out
from generations.sandbox.film.planes import Planes
from generations.sandbox.film.stage import Photo

Point = tuple[int, int]
Stroke = tuple[Image.Image, Sequence[Point]]


class Brushed:
    """A picture with strokes; a path is in pixels of the picture, its origin at the lower left."""

    def __init__(self, canvas: Canvas, picture: Image.Image, strokes: Sequence[Stroke]) -> None:
        self._canvas, self._still = canvas, Photo(canvas, picture, None)
        wide, high = canvas.world
        # The picture fills the world and is cropped: the larger scale is the one that is seen.
        self._scale = max(wide / picture.width, high / picture.height)
        self._parts = [
            (_part(ImageOps.fit(picture, canvas.world), mask, canvas), path)
            for mask, path in strokes
        ]
        self._places = [(layer.x, layer.y) for layer, _ in self._parts]

    def show(self, pose: Pose, progress: float, seconds: float) -> Planes:
        """The picture at that moment, every part as far along its path as the shot is."""
        frame = self._still.show(pose, progress, seconds)
        for (layer, path), (x, y) in zip(self._parts, self._places, strict=True):
            across, up = _along(path, progress)
            layer.x, layer.y = x + across * self._scale, y - up * self._scale
            layer.place(frame, self._canvas, pose, seconds)
        return frame


def _part(world: Image.Image, mask: Image.Image, canvas: Canvas) -> Layer:
    """What the mask covers: where it is bright, or where it is not clear if it has an alpha."""
    bright = mask.getchannel("A") if mask.mode == "RGBA" else mask.convert("L")
    return cut_out(world, ImageOps.fit(bright, canvas.world))


def _along(path: Sequence[Point], progress: float) -> tuple[float, float]:
    """How far from its first point one is at `progress` of a path."""
    at = progress * (len(path) - 1)
    step = min(int(at), len(path) - 2)
    (x, y), (to_x, to_y), share = path[step], path[step + 1], at - step
    return x + (to_x - x) * share - path[0][0], y + (to_y - y) * share - path[0][1]
