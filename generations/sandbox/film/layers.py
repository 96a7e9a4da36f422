"""Layers of a scene: pictures that hang at a depth, drift, sway and follow the camera."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from PIL import Image

from generations.sandbox.film.camera import MARGIN, Pose
from generations.sandbox.film.planes import Alpha, Colour, Ink, Planes, Size


@dataclass(frozen=True, slots=True)
class Canvas:
    """The frame's size and the world around it that the camera may see. Pixels, all even."""

    width: int
    height: int

    @property
    def margin(self) -> Size:
        """How far the world reaches beyond the frame on each side."""
        return (_even(self.width * MARGIN), _even(self.height * MARGIN))

    @property
    def world(self) -> Size:
        """The whole painted area."""
        across, down = self.margin
        return (self.width + 2 * across, self.height + 2 * down)

    def px(self, share: float) -> int:
        """A length given as a share of the frame's shorter side, at least one pixel."""
        return max(1, round(share * min(self.width, self.height)))


def _even(value: float) -> int:
    return max(2, round(value / 2) * 2)


@dataclass(slots=True)
class Layer:
    """A picture in the world: `x`, `y` is its corner, `depth` 0 (sky) to 1 (at our feet).

    `drift` moves it (pixels per second), `sway` swings it (pixels right, pixels down, seconds).
    """

    picture: Planes | Ink
    alpha: Alpha | None = None
    x: float = 0.0
    y: float = 0.0
    depth: float = 0.0
    drift: tuple[float, float] = (0.0, 0.0)
    sway: tuple[float, float, float] = (0.0, 0.0, 1.0)
    phase: float = 0.0
    _between: tuple[Planes | Ink, Alpha] | None = field(default=None, repr=False)

    def soften(self) -> Layer:
        """Prepare a copy half a pixel on, so that slow motion does not jerk. Returns itself."""
        if self.alpha is not None:
            picture = self.picture
            if isinstance(picture, Planes):
                picture = Planes(_half_pixel(picture.y), picture.u, picture.v)
            self._between = (picture, Alpha(_half_pixel(self.alpha.full), self.alpha.half))
        return self

    def place(self, frame: Planes, canvas: Canvas, pose: Pose, seconds: float) -> None:
        """Draw itself onto the frame as seen at that moment."""
        x, y = self.position(canvas, pose, seconds)
        left, top = math.floor(x), round(y)
        if self._between is not None and x - left >= 0.5:
            picture, alpha = self._between
            frame.paste(picture, (left + 1, top), alpha)
        else:
            frame.paste(self.picture, (left, top), self.alpha)

    def position(self, canvas: Canvas, pose: Pose, seconds: float) -> tuple[float, float]:
        """Where its corner is on the frame."""
        across, down = canvas.margin
        angle = math.tau * (seconds / self.sway[2] + self.phase)
        swing_x = self.sway[0] * math.sin(angle) + self.drift[0] * seconds
        swing_y = self.sway[1] * math.sin(angle * 0.83 + 1) + self.drift[1] * seconds
        seen_x = across * (1 + pose.turn_x + pose.walk_x * self.depth)
        seen_y = down * (1 + pose.turn_y + pose.walk_y * self.depth)
        return (self.x + swing_x - seen_x, self.y + swing_y - seen_y)


def _half_pixel(image: Image.Image) -> Image.Image:
    """The image moved left by half a pixel, in the same size."""
    wide, high = image.size
    moved = image.resize(
        (wide - 1, high), Image.Resampling.BILINEAR, box=(0.5, 0, wide - 0.5, high)
    )
    result = image.copy()
    result.paste(moved, (0, 0))
    return result


def cut_out(
    rgb: Image.Image, mask: Image.Image, *, x: float = 0, y: float = 0, depth: float = 0.0
) -> Layer:
    """A layer of an RGB image and its mask, trimmed to what can be seen."""
    box = mask.getbbox() or (0, 0, 2, 2)
    left, top = box[0] // 2 * 2, box[1] // 2 * 2
    right, bottom = min(rgb.width, box[2] + box[2] % 2), min(rgb.height, box[3] + box[3] % 2)
    area = (left, top, max(left + 2, right), max(top + 2, bottom))
    planes = Planes.of(rgb.crop(area))
    return Layer(planes, Alpha.of(mask.crop(area)), x + left, y + top, depth)


def flat(
    mask: Image.Image, colour: Colour, *, x: float = 0, y: float = 0, depth: float = 0.0
) -> Layer:
    """A layer of one colour through a mask, trimmed to what can be seen."""
    box = mask.getbbox() or (0, 0, 2, 2)
    left, top = box[0] // 2 * 2, box[1] // 2 * 2
    area = (left, top, left + _even(box[2] - left + 1), top + _even(box[3] - top + 1))
    return Layer(Ink.of(colour), Alpha.of(mask.crop(area)), x + left, y + top, depth)
