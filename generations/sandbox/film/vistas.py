"""Views without a ground of earth: the sea, a city, outer space."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from generations.sandbox.film import paint, sky
from generations.sandbox.film.land import Painted
from generations.sandbox.film.layers import Canvas, Layer, cut_out, flat
from generations.sandbox.film.mood import Mood

_HORIZON = 0.56


def sea(canvas: Canvas, mood: Mood) -> Painted:
    """Swell under a low sun, whose light lies on the water."""
    rng = mood.source("sea")
    wide, high = canvas.world
    sun_x = rng.uniform(0.36, 0.64)
    layers = [sky.sky(canvas, mood, _HORIZON, (sun_x, rng.uniform(0.36, 0.46)))]
    layers += sky.clouds(canvas, mood, _HORIZON, 0.45)
    if rng.random() < 0.6:
        layers.append(_far_coast(canvas, mood, rng))
    layers.append(_water(canvas, mood, sun_x))
    bands = 9
    for band in range(bands):
        k = (band + 1) / bands
        layers.append(_swell(canvas, mood, rng, k, sun_x))
    foot = (wide * rng.choice((0.38, 0.62)), high * (_HORIZON + 0.06))
    return Painted(layers, foot, bands - 2)


def _far_coast(canvas: Canvas, mood: Mood, rng: Random) -> Layer:
    wide, high = canvas.world
    side = rng.choice((0.0, 1.0))
    tops = []
    for i, h in enumerate(paint.crags(rng, 160, 6)):
        reach = abs(i / 160 - side)
        tops.append((_HORIZON + 0.01 - 0.12 * h * max(0.0, 1 - 2.2 * reach)) * high)
    mask = paint.skyline_mask(canvas.world, tops)
    ImageDraw.Draw(mask).rectangle((0, round(high * _HORIZON) + 2, wide, high), fill=0)
    colour = paint.lerp(mood.palette.far, mood.palette.near, 0.25)
    return flat(mask, colour, depth=0.08).soften()


def _water(canvas: Canvas, mood: Mood, sun_x: float) -> Layer:
    wide, high = canvas.world
    colours = mood.palette
    deep = paint.lerp(colours.near, colours.middle, 0.3)
    bright = paint.lerp(colours.horizon, colours.middle, 0.4)
    image = paint.gradient(
        canvas.world, ((_HORIZON, bright), (0.72, paint.lerp(bright, deep, 0.6)), (1.0, deep))
    )
    path = paint.glow(high, 1.5, 165).resize((round(wide * 0.3), high))
    paint.shine(image, path, (round(wide * sun_x), round(high * 0.62)), colours.sun)
    mask = Image.new("L", canvas.world, 0)
    ImageDraw.Draw(mask).rectangle((0, round(high * _HORIZON), wide, high), fill=255)
    return cut_out(image, mask, depth=0.08)


def _swell(canvas: Canvas, mood: Mood, rng: Random, k: float, sun_x: float) -> Layer:
    """One band of waves; `k` 0 (far) to 1 (near)."""
    wide, high = canvas.world
    near = k**1.7
    top = _HORIZON + 0.008 + 0.32 * near
    line = paint.wave(rng, 260, 0.62, 6)
    heights = [(top + (0.003 + 0.026 * near) * h) * high for h in line]
    body = paint.skyline_mask(canvas.world, heights)
    fade = ImageChops.offset(body, 0, round(high * (0.03 + 0.13 * near)))
    ImageDraw.Draw(fade).rectangle((0, 0, wide, round(high * top)), fill=0)
    soft = fade.resize((wide // 8, high // 8)).filter(
        ImageFilter.GaussianBlur(high * 0.006 * (1 + 2 * near))
    )
    mask = ImageChops.subtract(body, soft.resize((wide, high), Image.Resampling.BILINEAR))
    colours = mood.palette
    tone = paint.lerp(
        paint.lerp(colours.horizon, colours.middle, 0.5), colours.near, 0.28 + 0.5 * near
    )
    image = Image.new("RGB", canvas.world, tone)
    crest = paint.rim(body, max(2, canvas.px(0.002 + 0.004 * near)), 85)
    image.paste(paint.lerp(colours.horizon, (255, 255, 255), 0.25), (0, 0), crest)
    ripples = paint.noise(rng, canvas.world, (12, 70), 3)
    image.paste(colours.near, (0, 0), paint.curve(ripples, 110, 215, 105))
    path = paint.glow(high, 1.3, 190).resize((round(wide * (0.16 + 0.16 * near)), high))
    glitter = Image.new("L", canvas.world, 0)
    glitter.paste(path, (round(wide * sun_x) - path.width // 2, round(high * (top - 0.5))))
    sparks = paint.noise(rng, canvas.world, (60, 90), 2)
    image.paste(colours.sun, (0, 0), ImageChops.multiply(glitter, paint.curve(sparks, 110, 170)))
    layer = cut_out(image, mask.point([round(i * 0.8) for i in range(256)]), depth=0.1 + 0.9 * near)
    layer.sway = (canvas.px(0.01 + 0.03 * near), canvas.px(0.003 + 0.008 * near), 3.2 + 1.6 * near)
    layer.phase = rng.random()
    return layer.soften()


def city(canvas: Canvas, mood: Mood) -> Painted:
    """Four rows of towers with lit windows, haze between them, a wet street in front."""
    rng = mood.source("city")
    high = canvas.world[1]
    layers = [sky.sky(canvas, mood, 0.74, (rng.uniform(0.3, 0.7), rng.uniform(0.28, 0.42)))]
    layers += sky.clouds(canvas, mood, 0.66, 0.3)
    for depth, tall, width in (
        (0.1, 0.32, 0.035),
        (0.28, 0.38, 0.05),
        (0.55, 0.42, 0.075),
        (1.0, 0.4, 0.13),
    ):
        layers.append(_towers(canvas, mood, rng, depth, tall, width))
        if depth < 0.9:
            layers.append(sky.mist(canvas, mood, 0.78, 0.3, depth + 0.05, 150))
    layers.append(_street(canvas, mood, rng))
    return Painted(layers, (canvas.world[0] * 0.5, high * 0.81))


def _street(canvas: Canvas, mood: Mood, rng: Random) -> Layer:
    """Wet asphalt with the lights of the town in it."""
    wide, high = canvas.world
    colours = mood.palette
    dark = paint.lerp(colours.near, (0, 0, 0), 0.3)
    image = paint.gradient(
        canvas.world, ((0.76, paint.lerp(dark, colours.horizon, 0.3)), (0.88, dark))
    )
    gloss = paint.noise(rng, canvas.world, (46, 3), 3)
    image.paste(colours.horizon, (0, 0), paint.curve(gloss, 120, 210, 120))
    breaks = paint.noise(rng, canvas.world, (6, 90), 2)
    image.paste(dark, (0, 0), paint.curve(breaks, 90, 170, 150))
    mask = Image.new("L", canvas.world, 0)
    ImageDraw.Draw(mask).rectangle((0, round(high * 0.765), wide, high), fill=255)
    return cut_out(image, mask, depth=0.85)


def _towers(
    canvas: Canvas, mood: Mood, rng: Random, depth: float, tall: float, width: float
) -> Layer:
    wide, high = canvas.world
    colours = mood.palette
    body = paint.lerp(colours.far, colours.near, depth**0.7)
    haze = paint.lerp(body, colours.horizon, 0.55 * (1 - depth))
    image = paint.gradient(canvas.world, ((0.35, body), (0.86, haze), (1.0, body)))
    mask = Image.new("L", canvas.world, 0)
    stamp, lights = ImageDraw.Draw(mask), ImageDraw.Draw(image)
    x = -0.02
    while x < 1.02:
        span = width * rng.uniform(0.6, 1.35)
        away = min(1.0, abs(x + span / 2 - 0.5) * 2)
        open_sky = 0.16 + 0.84 * away if depth > 0.9 else 0.55 + 0.45 * away
        top = 0.8 - tall * rng.uniform(0.35, 1.25) * open_sky
        box = (round(x * wide), round(top * high), round((x + span) * wide), high)
        stamp.rectangle(box, fill=255)
        _roof(stamp, box, rng)
        _windows(lights, canvas, mood, box, depth, rng)
        x += span * rng.uniform(0.92, 1.25 if depth < 0.9 else 1.7)
    return cut_out(image, mask, depth=depth).soften()


def _roof(stamp: ImageDraw.ImageDraw, box: tuple[int, int, int, int], rng: Random) -> None:
    left, top, right, _ = box
    span, middle = right - left, (left + right) // 2
    kind = rng.random()
    if kind < 0.3:
        stamp.line((middle, top - span, middle, top), fill=255, width=max(1, span // 24))
    elif kind < 0.55:
        stamp.rectangle((left + span // 4, top - span // 4, right - span // 4, top), fill=255)
    elif kind < 0.7:
        stamp.polygon([(left, top), (middle, top - span // 2), (right, top)], fill=255)


def _windows(
    lights: ImageDraw.ImageDraw,
    canvas: Canvas,
    mood: Mood,
    box: tuple[int, int, int, int],
    depth: float,
    rng: Random,
) -> None:
    """Rows of windows; by day few are lit, at night many, in neon they are coloured."""
    left, top, right, bottom = box
    step = max(3, canvas.px(0.010 + 0.014 * depth))
    pane = max(1, round(step * 0.5))
    share = {"night": 0.42, "neon": 0.5, "sunset": 0.26}.get(mood.hour, 0.1)
    warm = [(255, 214, 140), (255, 190, 110), (255, 236, 196)]
    hues = [(255, 90, 190), (90, 230, 255), (180, 120, 255)] if mood.hour == "neon" else []
    tint = rng.choice(hues or warm)
    fade = paint.lerp(mood.palette.horizon, tint, 0.4 + 0.6 * depth)
    if rng.random() < 0.5 and hues:
        lights.line(
            (left + 1, top, left + 1, bottom), fill=rng.choice(hues), width=max(1, step // 4)
        )
    for y in range(top + step, bottom - step, round(step * 1.5)):
        for x in range(left + step // 2, right - pane, step):
            if rng.random() < share:
                colour = fade if rng.random() < 0.75 else paint.lerp(fade, (0, 0, 0), 0.35)
                lights.rectangle((x, y, x + pane - 1, y + pane), fill=colour)


def space(canvas: Canvas, mood: Mood) -> Painted:
    """A nebula, a ringed planet and its moon."""
    rng = mood.source("space")
    wide, high = canvas.world
    layers = [sky.deep_space(canvas, mood)]
    side = rng.choice((0.33, 0.67))
    planet = _planet(canvas, rng, canvas.px(0.62), ringed=True)
    planet.x, planet.y = wide * side - planet_width(planet) / 2, high * 0.5 - canvas.px(0.4)
    planet.depth, planet.drift = 0.35, (canvas.px(0.004), 0.0)
    moon = _planet(canvas, rng, canvas.px(0.14), ringed=False)
    moon.x, moon.y = wide * (1 - side) - canvas.px(0.1), high * rng.uniform(0.3, 0.62)
    moon.depth, moon.drift = 0.75, (-canvas.px(0.01), canvas.px(0.003))
    layers += [planet.soften(), moon.soften()]
    return Painted(layers, (wide * (1 - side), high * 0.62))


def planet_width(layer: Layer) -> int:
    """How wide a layer's mask is."""
    return layer.alpha.full.width if layer.alpha else 0


def _planet(canvas: Canvas, rng: Random, size: int, *, ringed: bool) -> Layer:
    """A banded ball lit from one side; the ring passes behind above and before below."""
    field = (size * 9 // 4 // 2 * 2, size * 5 // 4 // 2 * 2)
    hues = rng.choice((
        ((238, 190, 140), (168, 96, 74)), ((150, 196, 232), (52, 84, 148)),
        ((226, 170, 196), (116, 66, 132)), ((190, 220, 190), (58, 112, 108)),
    ))  # fmt: skip
    bands = paint.noise(rng, (size, size), (2, 9 if ringed else 5), 4)
    ball = Image.new("RGB", (size, size), hues[1])
    ball.paste(hues[0], (0, 0), paint.curve(bands, 70, 190))
    shadow = paint.glow(size * 2, 0.8, 255).crop(
        (size * 3 // 4, size * 3 // 4, size * 7 // 4, size * 7 // 4)
    )
    ball = Image.composite(
        ball, Image.new("RGB", ball.size, (6, 6, 18)), paint.curve(shadow, 40, 235)
    )
    image, mask = Image.new("RGB", field, hues[0]), Image.new("L", field, 0)
    corner = ((field[0] - size) // 2, (field[1] - size) // 2)
    if ringed:
        ring = _ring(field, size)
        mask.paste(ring, (0, 0))
    body = paint.disc(size)
    image.paste(ball, corner, body)
    mask.paste(255, (*corner, corner[0] + size, corner[1] + size), body)
    if ringed:
        front = ring.copy()
        front.paste(0, (0, 0, field[0], field[1] // 2))
        image.paste(paint.lerp(hues[0], (255, 255, 255), 0.3), (0, 0), front)
        mask = ImageChops.lighter(mask, front)
    return cut_out(image, mask)


def _ring(field: tuple[int, int], size: int) -> Image.Image:
    """Flat rings seen from the side, as a mask."""
    big = Image.new("L", (field[0] * 2, field[1] * 2), 0)
    draw = ImageDraw.Draw(big)
    middle = (field[0], field[1])
    for reach, light in ((2.15, 120), (1.95, 0), (1.9, 190), (1.62, 90), (1.5, 150), (1.36, 0)):
        across, down = size * reach, size * reach * 0.2
        box = (middle[0] - across, middle[1] - down, middle[0] + across, middle[1] + down)
        draw.ellipse(box, fill=light)
    return big.reduce(2)
