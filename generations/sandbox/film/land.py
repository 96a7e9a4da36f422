"""Grounds under the sky: mountains, forest, meadow, desert; ridge behind ridge into the haze."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageDraw

from generations.sandbox.film import paint, sky
from generations.sandbox.film.layers import Canvas, Layer, cut_out
from generations.sandbox.film.mood import Mood
from generations.sandbox.film.planes import Colour, Planes


@dataclass(frozen=True, slots=True)
class Painted:
    """A scene's layers from back to front, and where on the nearest ground a figure may stand.

    `foot` is (x, y) in world pixels; `front` says how many layers stand before the figure.
    """

    layers: list[Layer]
    foot: tuple[float, float]
    front: int = 0


def ridge(canvas: Canvas, mood: Mood, tops: list[float], depth: float, lit: int = 70) -> Layer:
    """Ground under `tops` (y as shares of the world's height), tinted by its distance."""
    high = canvas.world[1]
    heights = [t * high for t in tops]
    mask = paint.skyline_mask(canvas.world, heights)
    colours = mood.palette
    body = paint.lerp(colours.far, colours.near, depth**0.8)
    haze = paint.lerp(body, colours.horizon, 0.5 * (1 - depth))
    low, up = min(tops), max(tops)
    foot = min(1.0, up + 0.22)
    image = paint.gradient(canvas.world, ((low, body), (foot, haze), (1.0, haze)))
    grain = paint.noise(mood.source(f"ground{depth}"), canvas.world, (26, 18), 4)
    shade = paint.lerp(body, (0, 0, 0), 0.45)
    image.paste(shade, (0, 0), paint.curve(grain, 90, 220, 80))
    image.paste(shade, (0, 0), paint.slopes(tops, canvas.world).point([i // 4 for i in range(256)]))
    glint = paint.lerp(colours.sun, colours.horizon, 0.4)
    image.paste(glint, (0, 0), paint.rim(mask, canvas.px(0.006), lit))
    return cut_out(image, mask, depth=depth).soften()


def _knots(canvas: Canvas) -> int:
    return max(120, canvas.world[0] // 3)


def mountains(canvas: Canvas, mood: Mood) -> Painted:
    """Four ridges of peaks, snow on the far ones, mist between."""
    rng = mood.source("mountains")
    sun = (rng.uniform(0.3, 0.7), rng.uniform(0.26, 0.4))
    layers = [sky.sky(canvas, mood, 0.66, sun), *sky.clouds(canvas, mood, 0.66, 0.35)]
    tops: list[float] = []
    plan = ((0.60, 0.62, 0.10), (0.62, 0.42, 0.3), (0.68, 0.26, 0.58), (0.76, 0.16, 1.0))
    for base, height, depth in plan:
        if depth < 0.9:
            tops = [base + height * 0.35 - height * h for h in paint.crags(rng, _knots(canvas))]
        else:
            tops = [base + 0.05 * h for h in paint.wave(rng, _knots(canvas), 0.55)]
        layer = ridge(canvas, mood, tops, depth)
        if depth < 0.4:
            _snow_caps(canvas, layer, mood, tops, rng)
        layers.append(layer)
        if depth < 0.9:
            layers.append(sky.mist(canvas, mood, base + 0.08, 0.16, depth + 0.05, 150))
    layers.extend(_pine_row(canvas, mood, tops, 1.0, 0.1))
    return Painted(layers, _stand(canvas, tops, 0.5))


def _snow_caps(canvas: Canvas, layer: Layer, mood: Mood, tops: list[float], rng: Random) -> None:
    """White on the heights, with a ragged lower edge, brighter on one side."""
    high = canvas.world[1]
    mask = paint.skyline_mask(canvas.world, [t * high for t in tops])
    summit = min(tops)
    ragged = paint.crags(rng, len(tops), 7)
    ends = [max(t, summit + 0.055 + 0.12 * r) * high for t, r in zip(tops, ragged, strict=True)]
    caps = ImageChops.subtract(mask, paint.skyline_mask(canvas.world, ends))
    folds = paint.curve(paint.noise(rng, canvas.world, (40, 14), 4), 70, 190, 235)
    white = paint.lerp((250, 250, 255), mood.palette.horizon, 0.3)
    snow = cut_out(Image.new("RGB", canvas.world, white), ImageChops.multiply(caps, folds))
    if isinstance(layer.picture, Planes):
        corner = (round(snow.x - layer.x), round(snow.y - layer.y))
        layer.picture.paste(snow.picture, corner, snow.alpha)
        layer.soften()


def _stand(canvas: Canvas, tops: list[float], at: float) -> tuple[float, float]:
    wide, high = canvas.world
    return (wide * at, high * tops[round(at * (len(tops) - 1))])


def pine(draw: ImageDraw.ImageDraw, x: float, foot: float, tall: float, rng: Random) -> None:
    """One conifer into a mask: a trunk under ragged, widening branches."""
    steps = 9
    half = tall * rng.uniform(0.17, 0.24)
    draw.rectangle((x - tall * 0.012, foot - tall * 0.2, x + tall * 0.012, foot), fill=255)
    left, right = [], []
    for step in range(steps):
        k = (step + 1) / steps
        y = foot - tall * (1 - 0.92 * k)
        reach = half * k * rng.uniform(0.85, 1.15)
        left += [(x - reach * 0.45, y - tall * 0.05), (x - reach, y)]
        right += [(x + reach * 0.45, y - tall * 0.05), (x + reach, y)]
    draw.polygon([(x, foot - tall), *right, *reversed(left)], fill=255)


def _pine_row(
    canvas: Canvas, mood: Mood, tops: list[float], depth: float, tall: float, density: float = 0.5
) -> list[Layer]:
    """Conifers along a ridge, thinner in the middle so that the view stays open."""
    wide, high = canvas.world
    rng = mood.source(f"pines{depth}")
    big = Image.new("L", (wide * 2, high * 2), 0)
    draw = ImageDraw.Draw(big)
    x = 0.0
    while x < 1:
        away = min(1.0, abs(x - 0.5) * 2.2)
        if rng.random() < density + away * 0.5:
            height = tall * rng.uniform(0.5, 1.1) * (0.55 + 0.75 * away)
            foot = (tops[round(x * (len(tops) - 1))] + 0.012) * high * 2
            pine(draw, x * wide * 2, foot, height * high * 2, rng)
        x += rng.uniform(0.12, 0.4) * tall
    mask = big.reduce(2)
    body = paint.lerp(mood.palette.far, mood.palette.near, depth**0.8)
    image = Image.new("RGB", canvas.world, paint.lerp(body, (0, 0, 0), 0.15))
    return [cut_out(image, mask, depth=depth).soften()]


def forest(canvas: Canvas, mood: Mood) -> Painted:
    """Rows of conifers fading into mist."""
    rng = mood.source("forest")
    layers = [sky.sky(canvas, mood, 0.7, (rng.uniform(0.35, 0.65), rng.uniform(0.3, 0.4)))]
    tops: list[float] = []
    plan = ((0.56, 0.12, 0.12), (0.61, 0.19, 0.3), (0.67, 0.27, 0.55), (0.77, 0.44, 1.0))
    for base, tall, depth in plan:
        tops = [base + 0.035 * h for h in paint.wave(rng, _knots(canvas), 0.5)]
        layers.extend(_pine_row(canvas, mood, tops, depth, tall, 0.62 if depth < 0.9 else 0.1))
        layers.append(ridge(canvas, mood, tops, depth, 40))
        if depth < 0.9:
            layers.append(sky.mist(canvas, mood, base + 0.01, 0.24, depth + 0.04, 175))
    return Painted(layers, _stand(canvas, tops, 0.5))


def meadow(canvas: Canvas, mood: Mood) -> Painted:
    """Rolling hills, a lone tree, flowers and grass at our feet."""
    rng = mood.source("meadow")
    layers = [sky.sky(canvas, mood, 0.68, (rng.uniform(0.28, 0.72), rng.uniform(0.28, 0.42)))]
    layers += sky.clouds(canvas, mood, 0.66, 0.6)
    tops: list[float] = []
    greens = _greener(mood)
    for base, rise, depth in (
        (0.57, 0.05, 0.15),
        (0.61, 0.05, 0.4),
        (0.66, 0.04, 0.7),
        (0.73, 0.03, 1.0),
    ):
        tops = [base + rise * h for h in paint.wave(rng, _knots(canvas), 0.36, 4)]
        layers.append(ridge(canvas, greens, tops, depth, 90))
        if depth == 0.4:
            layers += _pine_row(canvas, greens, tops, depth, 0.05, 0.25)
    foot = _stand(canvas, tops, 0.5)
    layers.append(_flowers(canvas, greens, tops, rng))
    return Painted(layers, foot, 1)


def _greener(mood: Mood) -> Mood:
    colours = mood.palette
    strength = 0.45 if mood.hour in ("day", "dawn") else 0.16
    palette = type(colours)(
        colours.top, colours.middle, colours.horizon, colours.sun,
        paint.lerp(colours.far, (126, 178, 96), strength),
        paint.lerp(colours.near, (34, 92, 38), strength),
    )  # fmt: skip
    return Mood(mood.place, mood.hour, mood.weather, mood.extras, palette, mood.seed)


def _flowers(canvas: Canvas, mood: Mood, tops: list[float], rng: Random) -> Layer:
    """Blades of grass and dots of colour on the nearest slope."""
    wide, high = canvas.world
    image = Image.new("RGB", canvas.world, paint.lerp(mood.palette.near, (0, 0, 0), 0.35))
    mask = Image.new("L", (wide * 2, high * 2), 0)
    draw, tint = ImageDraw.Draw(mask), ImageDraw.Draw(image)
    hues = rng.sample(
        [(255, 214, 92), (255, 122, 140), (240, 240, 255), (196, 140, 255), (255, 160, 70)], 2
    )
    for _ in range(1100):
        x, near = rng.random(), rng.random() ** 0.6
        y = tops[round(x * (len(tops) - 1))] + 0.01 + near * 0.3
        size = high * (0.012 + 0.034 * near)
        bend = rng.uniform(-0.5, 0.5) * size
        px, py = x * wide, y * high
        draw.line(
            [(px * 2, py * 2), (px * 2 + bend * 2, (py - size) * 2)],
            fill=200,
            width=max(2, round(size / 6)),
        )
        if rng.random() < 0.24:
            r = max(1.0, size * 0.16)
            box = (px + bend - r, py - size - r, px + bend + r, py - size + r)
            tint.ellipse((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), fill=rng.choice(hues))
            draw.ellipse(tuple(2 * b for b in box), fill=255)
    return cut_out(image, mask.reduce(2), depth=1.0)


def desert(canvas: Canvas, mood: Mood) -> Painted:
    """Dunes with a lit and a shaded side."""
    rng = mood.source("desert")
    layers = [sky.sky(canvas, mood, 0.64, (rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.44)))]
    layers += sky.clouds(canvas, mood, 0.6, 0.15)
    tops: list[float] = []
    for base, rise, depth in (
        (0.56, 0.03, 0.12),
        (0.60, 0.05, 0.35),
        (0.67, 0.06, 0.65),
        (0.77, 0.06, 1.0),
    ):
        tops = [base + rise * h for h in paint.wave(rng, _knots(canvas), 0.3, 3)]
        layers.append(_dune(canvas, mood, tops, depth, rng))
    return Painted(layers, _stand(canvas, tops, 0.5))


def _dune(canvas: Canvas, mood: Mood, tops: list[float], depth: float, rng: Random) -> Layer:
    high = canvas.world[1]
    colours = mood.palette
    dark = 0.55 if mood.hour in ("night", "neon") else 0.0
    sand: Colour = paint.lerp(paint.lerp((226, 164, 100), colours.far, 0.35), colours.near, dark)
    light = paint.lerp(sand, colours.horizon, 0.55 * (1 - depth) + 0.15)
    shade = paint.lerp(sand, colours.near, 0.35 + 0.4 * depth)
    mask = paint.skyline_mask(canvas.world, [t * high for t in tops])
    image = paint.gradient(canvas.world, ((min(tops), light), (min(1.0, max(tops) + 0.2), shade)))
    sides = paint.slopes(tops, canvas.world)
    image.paste(shade, (0, 0), sides.point([round(i * 0.62) for i in range(256)]))
    ripples = paint.noise(rng, canvas.world, (5, 60), 3)
    image.paste(shade, (0, 0), paint.curve(ripples, 110, 190, 70))
    image.paste(colours.sun, (0, 0), paint.rim(mask, canvas.px(0.004), 80))
    return cut_out(image, mask, depth=depth).soften()
