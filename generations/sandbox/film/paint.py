"""Brushes: gradients, noise, glows and ridges, each drawn once per film from a seeded source."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from generations.sandbox.film.planes import Colour, Size

Stops = Sequence[tuple[float, Colour]]


def lerp(a: Colour, b: Colour, k: float) -> Colour:
    """The colour a share `k` (0 to 1) of the way from `a` to `b`."""
    r, g, bl = (round(x + (y - x) * k) for x, y in zip(a, b, strict=True))
    return (r, g, bl)


def gradient(size: Size, stops: Stops) -> Image.Image:
    """A vertical gradient: `stops` are (height 0 to 1, colour), ascending."""
    strip = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        strip.putpixel((0, y), _stop_colour(stops, y / max(1, size[1] - 1)))
    return strip.resize(size)


def _stop_colour(stops: Stops, at: float) -> Colour:
    for (low, a), (high, b) in pairwise(stops):
        if at <= high:
            return lerp(a, b, max(0.0, at - low) / max(1e-6, high - low))
    return stops[-1][1]


def noise(rng: Random, size: Size, cells: Size, octaves: int = 4) -> Image.Image:
    """Smooth fractal noise (mode L, about 0 to 255) with `cells` lumps across and down."""
    small = (max(8, size[0] // 3), max(8, size[1] // 3))
    total = Image.new("L", small, 0)
    weight = 0.5
    for octave in range(octaves):
        across, down = (max(2, c << octave) for c in cells)
        lumps = Image.frombytes("L", (across, down), rng.randbytes(across * down))
        fine = lumps.resize(small, Image.Resampling.BICUBIC)
        total = ImageChops.add(total, fine.point([round(i * weight) for i in range(256)]))
        weight /= 2
    return total.resize(size, Image.Resampling.BICUBIC)


def curve(mask: Image.Image, low: int, high: int, top: int = 255) -> Image.Image:
    """`mask` with everything under `low` empty, over `high` at `top`, smooth between."""
    table = []
    for i in range(256):
        k = min(1.0, max(0.0, (i - low) / max(1, high - low)))
        table.append(round(top * k * k * (3 - 2 * k)))
    return mask.point(table)


def glow(diameter: int, power: float = 2.0, top: int = 255) -> Image.Image:
    """A round mask, brightest in the middle and 0 at its rim."""
    base = Image.radial_gradient("L").resize((diameter, diameter), Image.Resampling.BILINEAR)
    return base.point([round(top * max(0.0, 1 - i / 180) ** power) for i in range(256)])


def disc(diameter: int) -> Image.Image:
    """A filled round mask with a smooth edge."""
    big = Image.new("L", (diameter * 4, diameter * 4), 0)
    ImageDraw.Draw(big).ellipse((4, 4, diameter * 4 - 5, diameter * 4 - 5), fill=255)
    return big.resize((diameter, diameter), Image.Resampling.LANCZOS)


def shine(canvas: Image.Image, mask: Image.Image, centre: tuple[int, int], colour: Colour) -> None:
    """Add light of `colour` to an RGB canvas through `mask` around `centre`."""
    left, top = centre[0] - mask.width // 2, centre[1] - mask.height // 2
    box = (left, top, left + mask.width, top + mask.height)
    under = canvas.crop(box)
    light = Image.merge(
        "RGB", [mask.point([round(i * c / 255) for i in range(256)]) for c in colour]
    )
    canvas.paste(ImageChops.screen(under, light), (left, top))


def wave(rng: Random, count: int, rough: float, octaves: int = 6) -> list[float]:
    """`count` heights between -1 and 1 along a smooth random line; `rough` is 0.3 to 0.7."""
    parts = []
    size, total = 1.0, 0.0
    for octave in range(octaves):
        turns = (1.3 + rng.random() * 0.9) * 2**octave
        parts.append((turns * math.tau, rng.random() * math.tau, size))
        total += size
        size *= rough
    return [sum(a * math.sin(f * i / count + p) for f, p, a in parts) / total for i in range(count)]


def crags(rng: Random, count: int, octaves: int = 7) -> list[float]:
    """`count` heights between 0 and 1 along a line of sharp peaks."""
    line = [0.0] * count
    share, total = 1.0, 0.0
    for octave in range(octaves):
        knots = 4 * 2**octave
        heights = [rng.random() for _ in range(knots + 2)]
        for i in range(count):
            at = i / count * knots
            k = int(at)
            line[i] += share * (heights[k] + (heights[k + 1] - heights[k]) * (at - k))
        total += share
        share *= 0.46
    return [h / total for h in line]


def skyline_mask(size: Size, heights: Sequence[float]) -> Image.Image:
    """The area under a line of tops (`heights` are y in pixels), with smooth edges."""
    scale = 2
    big = Image.new("L", (size[0] * scale, size[1] * scale), 0)
    step = size[0] * scale / (len(heights) - 1)
    points = [(i * step, h * scale) for i, h in enumerate(heights)]
    outline = [*points, (size[0] * scale, size[1] * scale), (0, size[1] * scale)]
    ImageDraw.Draw(big).polygon(outline, fill=255)
    return big.reduce(scale)


def rim(mask: Image.Image, thickness: int, top: int = 150) -> Image.Image:
    """A soft band of light along the upper edge of a mask."""
    lower = ImageChops.offset(mask, 0, thickness)
    edge = ImageChops.subtract(mask, lower).filter(ImageFilter.GaussianBlur(thickness / 2))
    return ImageChops.multiply(edge, mask).point([round(i * top / 255) for i in range(256)])


def slopes(tops: Sequence[float], size: Size) -> Image.Image:
    """Shade on the slopes that face right: a mask of columns from a line of tops, soft."""
    row = Image.new("L", (len(tops), 1))
    reach = max(2, len(tops) // 60)
    for x in range(len(tops)):
        left, right = tops[max(0, x - reach)], tops[min(len(tops) - 1, x + reach)]
        row.putpixel((x, 0), max(0, min(255, round(128 + (right - left) * 5200))))
    return row.resize(size, Image.Resampling.BICUBIC)
