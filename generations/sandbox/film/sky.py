"""Skies: gradient, sun or moon with its glow, stars, clouds, aurora and nebulae."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageChops, ImageFilter

from generations.sandbox.film import paint
from generations.sandbox.film.layers import Canvas, Layer, cut_out, flat
from generations.sandbox.film.mood import Mood
from generations.sandbox.film.planes import Planes


def sky(canvas: Canvas, mood: Mood, horizon: float, sun_at: tuple[float, float]) -> Layer:
    """The backdrop. `horizon` and `sun_at` are shares of the world's height and width."""
    colours = mood.palette
    stops = ((0.0, colours.top), (horizon * 0.62, colours.middle), (horizon, colours.horizon))
    image = paint.gradient(canvas.world, stops)
    rng = mood.source("sky")
    dark = mood.hour in ("night", "neon")
    if dark:
        _stars(image, canvas, rng, horizon, 260)
        if "aurora" in mood.extras:
            _aurora(image, canvas, rng)
    _sun(image, canvas, mood, sun_at, dark)
    return Layer(Planes.of(image))


def _sun(
    image: Image.Image, canvas: Canvas, mood: Mood, at: tuple[float, float], dark: bool
) -> None:
    centre = (round(at[0] * image.width), round(at[1] * image.height))
    warm = mood.palette.sun
    halo = paint.lerp(warm, mood.palette.horizon, 0.6)
    paint.shine(image, paint.glow(canvas.px(2.1), 2.4, 130), centre, halo)
    paint.shine(image, paint.glow(canvas.px(0.6), 1.8, 225), centre, warm)
    diameter = canvas.px(0.11)
    body = paint.disc(diameter)
    face = Image.new("RGB", body.size, warm if dark else paint.lerp(warm, (255, 255, 255), 0.6))
    if dark:
        spots = paint.noise(mood.source("moon"), body.size, (4, 4), 3)
        grey = paint.lerp(warm, mood.palette.middle, 0.35)
        face.paste(grey, (0, 0), paint.curve(spots, 120, 190, 200))
    image.paste(face, (centre[0] - diameter // 2, centre[1] - diameter // 2), body)


def _stars(image: Image.Image, canvas: Canvas, rng: Random, reach: float, count: int) -> None:
    for _ in range(count):
        x, y = rng.randrange(image.width), rng.randrange(max(1, int(image.height * reach * 0.9)))
        size = canvas.px(rng.choice((0.005, 0.005, 0.007, 0.011)))
        light = rng.randrange(90, 255)
        tint = rng.choice(((255, 255, 255), (206, 222, 255), (255, 236, 214)))
        paint.shine(image, paint.glow(max(3, size), 1.6, light), (x, y), tint)


def _aurora(image: Image.Image, canvas: Canvas, rng: Random) -> None:
    wide, high = image.size
    for colour, lift in (((70, 255, 170), 0.0), ((120, 120, 255), 0.08), ((80, 240, 220), -0.06)):
        ribbon = Image.new("L", (wide // 4, high // 4), 0)
        streaks = paint.noise(rng, (wide // 4, 8), (22, 1), 3).resize((wide // 4, 8))
        tops = paint.wave(rng, wide // 4, 0.45, 4)
        tall = high // 12
        fade = paint.curve(Image.linear_gradient("L"), 0, 255).resize((1, tall))
        for x, top in enumerate(tops):
            light = streaks.getpixel((x, 4))
            column = fade.point([round(i * float(str(light)) / 255) for i in range(256)])
            ribbon.paste(column, (x, round((0.30 + lift + 0.12 * top) * high / 4) - tall))
        soft = ribbon.filter(ImageFilter.GaussianBlur(canvas.px(0.004)))
        paint.shine(
            image,
            soft.resize((wide, high), Image.Resampling.BICUBIC),
            (wide // 2, high // 2),
            colour,
        )


def clouds(canvas: Canvas, mood: Mood, horizon: float, amount: float) -> list[Layer]:
    """Two banks of drifting clouds; `amount` 0 to 1."""
    wide, high = canvas.world
    rng = mood.source("clouds")
    colours = mood.palette
    banks = []
    for number, (share, depth) in enumerate(((0.55, 0.06), (0.8, 0.12))):
        size = (round(wide * 1.25), round(high * horizon * share))
        lumps = paint.noise(rng, size, (5 + 2 * number, 5 + 3 * number), 5)
        low = round(150 - 60 * amount)
        mask = ImageChops.multiply(paint.curve(lumps, low, low + 70, 165), _lens(size))
        light = paint.lerp(colours.sun, colours.middle, 0.15 if mood.hour != "night" else 0.75)
        shade = paint.lerp(colours.middle, colours.horizon, 0.35)
        body = paint.gradient(size, ((0.0, light), (1.0, shade)))
        layer = cut_out(body, mask, y=high * horizon * (0.02 + 0.2 * number), depth=depth)
        layer.x -= wide * 0.12
        layer.drift = (canvas.px(0.008 + 0.006 * number), 0.0)
        banks.append(layer.soften())
    return banks


def _lens(size: tuple[int, int]) -> Image.Image:
    """A mask that fades out above and below."""
    ramp = Image.linear_gradient("L").resize((1, size[1]))
    return ramp.point([round(255 * (1 - abs(i / 127.5 - 1) ** 2)) for i in range(256)]).resize(size)


def mist(canvas: Canvas, mood: Mood, y: float, tall: float, depth: float, top: int = 150) -> Layer:
    """A drifting band of mist around the height `y` (shares of the world's height)."""
    wide, high = canvas.world
    size = (round(wide * 1.3), max(8, round(high * tall)))
    rng = mood.source(f"mist{y}{depth}")
    body = paint.curve(paint.noise(rng, size, (4, 2), 4), 30, 210, top)
    mask = ImageChops.multiply(body, _lens(size))
    layer = flat(mask, paint.lerp(mood.palette.horizon, mood.palette.far, 0.25), depth=depth)
    layer.x -= wide * 0.15
    layer.y += high * (y - tall / 2)
    layer.drift = (canvas.px(0.02) * (1 if depth < 0.5 else -1), 0.0)
    return layer


def deep_space(canvas: Canvas, mood: Mood) -> Layer:
    """A nebula full of stars."""
    rng = mood.source("nebula")
    wide, high = canvas.world
    image = paint.gradient(canvas.world, ((0.0, (4, 5, 18)), (0.6, (8, 8, 28)), (1.0, (3, 4, 14))))
    hues = [(120, 40, 190), (30, 90, 220), (230, 70, 130), (20, 170, 180), (250, 150, 80)]
    rng.shuffle(hues)
    for number, hue in enumerate(hues[:3]):
        lumps = paint.noise(rng, canvas.world, (3 + number, 2 + number), 5)
        veil = paint.curve(lumps, 112 + 12 * number, 235, 205)
        paint.shine(image, veil, (wide // 2, high // 2), hue)
    dust = paint.curve(paint.noise(rng, canvas.world, (6, 4), 5), 120, 220, 150)
    image.paste((3, 3, 12), (0, 0), dust)
    _stars(image, canvas, rng, 1.1, 460)
    for _ in range(9):
        centre = (rng.randrange(wide), rng.randrange(high))
        paint.shine(image, paint.glow(canvas.px(0.05), 3.2, 235), centre, (225, 232, 255))
    return Layer(Planes.of(image))
