"""Living things in a scene: birds, a boat, balloons, a lighthouse, figures against the light."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter

from generations.sandbox.film import paint
from generations.sandbox.film.layers import Canvas, Layer, cut_out, flat
from generations.sandbox.film.mood import Mood

# Outlines as ((x, y), ...) in a box of 100 by 100, feet at y = 100.
_FIGURES: dict[str, Sequence[Sequence[tuple[float, float]]]] = {
    "person": (
        ((46, 4), (54, 4), (58, 10), (57, 17), (53, 21), (60, 25), (64, 34), (66, 54), (62, 56),
         (59, 40), (58, 58), (61, 98), (54, 100), (50, 66), (46, 100), (39, 98), (42, 58),
         (41, 40),
         (38, 56), (34, 54), (36, 34), (40, 25), (47, 21), (43, 17), (42, 10)),
    ),
    "dog": (
        ((4, 38), (6, 32), (16, 26), (24, 22), (30, 24), (38, 34), (44, 44), (70, 46), (80, 42),
         (90, 28),
         (98, 20), (98, 28), (92, 42), (86, 52), (86, 66), (90, 80), (86, 99), (79, 99),
         (80, 82), (74, 68),
         (48, 68), (45, 82), (46, 99), (38, 99), (38, 80), (34, 66), (28, 54), (26, 44),
         (16, 44), (8, 44)),
        ((26, 24), (34, 26), (36, 40), (31, 44), (27, 36)),
    ),
    "cat": (
        ((30, 34), (28, 14), (38, 22), (48, 22), (58, 14), (56, 34), (54, 44), (62, 56),
         (68, 76), (68, 94),
         (84, 92), (92, 80), (90, 66), (95, 64), (98, 80), (90, 97), (76, 100), (28, 100),
         (30, 84),
         (34, 60), (38, 46)),
    ),
    "boat": (
        ((10, 80), (92, 80), (80, 98), (24, 98)),
        ((52, 2), (54, 2), (54, 80), (52, 80)),
        ((56, 10), (56, 74), (90, 74)),
        ((50, 18), (50, 74), (18, 74)),
    ),
    "lighthouse": (
        ((40, 24), (60, 24), (66, 100), (34, 100)),
        ((36, 20), (64, 20), (64, 25), (36, 25)),
        ((42, 8), (58, 8), (58, 20), (42, 20)),
        ((40, 9), (50, 0), (60, 9)),
        ((4, 100), (14, 91), (30, 87), (66, 85), (84, 92), (98, 100)),
    ),
}  # fmt: skip


def _outline(name: str, size: int) -> Image.Image:
    scale = 4
    big = Image.new("L", (size * scale, size * scale), 0)
    draw = ImageDraw.Draw(big)
    for part in _FIGURES[name]:
        draw.polygon([(x * size * scale / 100, y * size * scale / 100) for x, y in part], fill=255)
    round_off = big.filter(ImageFilter.GaussianBlur(size * scale / 90))
    return paint.curve(round_off, 96, 160).resize((size, size), Image.Resampling.LANCZOS)


def figures(canvas: Canvas, mood: Mood, foot: tuple[float, float]) -> list[Layer]:
    """The standing and floating things the prompt names, with `foot` where the first stands."""
    found: list[Layer] = []
    beside = 0
    for name, share in (("lighthouse", 0.42), ("person", 0.2), ("dog", 0.15), ("cat", 0.13)):
        if name in mood.extras:
            at = (foot[0] + beside * canvas.px(0.15), foot[1])
            found.append(_standing(canvas, mood, name, share, at))
            beside += 1
    if "boat" in mood.extras and mood.place == "sea":
        found.append(_standing(canvas, mood, "boat", 0.24, foot))
    if "balloon" in mood.extras:
        found += _balloons(canvas, mood)
    return found


def _standing(
    canvas: Canvas, mood: Mood, name: str, share: float, foot: tuple[float, float]
) -> Layer:
    """A figure against the light, with a thin bright edge."""
    size = max(16, canvas.px(share) // 2 * 2)
    mask = _outline(name, size)
    afloat = mood.place == "sea" and name != "lighthouse"
    body = paint.lerp(mood.palette.near, (0, 0, 0), 0.45)
    image = Image.new("RGB", mask.size, body)
    edge = paint.rim(mask, max(1, size // 40), 190)
    image.paste(mood.palette.sun, (0, 0), edge)
    layer = cut_out(image, mask, depth=0.35 if mood.place == "sea" else 1.0)
    layer.x += foot[0] - size / 2
    layer.y += foot[1] - size * 0.94
    if afloat:
        layer.sway = (canvas.px(0.004), canvas.px(0.006), 4.0)
        layer.drift = (canvas.px(0.01), 0.0)
    if mood.place == "space":
        layer.sway, layer.depth = (canvas.px(0.02), canvas.px(0.03), 9.0), 0.9
    return layer.soften()


def _balloons(canvas: Canvas, mood: Mood) -> list[Layer]:
    rng = mood.source("balloons")
    wide, high = canvas.world
    crowd = []
    hues = [(236, 84, 72), (250, 176, 60), (70, 150, 200), (240, 226, 200), (150, 90, 180)]
    for number in range(5):
        near = rng.uniform(0.35, 1.0) if number else 1.0
        size = max(20, canvas.px(0.27 * near) // 2 * 2)
        image, mask = _balloon(size, rng.sample(hues, 2))
        haze = Image.new("L", image.size, round(150 * (1 - near)))
        image.paste(mood.palette.horizon, (0, 0), haze)
        layer = cut_out(image, mask, depth=0.15 + 0.5 * near)
        layer.x += wide * (0.18 + 0.16 * number + rng.uniform(-0.04, 0.04))
        layer.y += high * rng.uniform(0.2, 0.46)
        layer.drift = (canvas.px(0.006), -canvas.px(0.012 * near))
        crowd.append((near, layer.soften()))
    return [layer for _, layer in sorted(crowd, key=lambda pair: pair[0])]


def _balloon(size: int, hues: list[tuple[int, int, int]]) -> tuple[Image.Image, Image.Image]:
    """An envelope of striped silk over a small basket."""
    scale = 4
    edge = size * scale
    image, mask = Image.new("RGB", (edge, edge), hues[0]), Image.new("L", (edge, edge), 0)
    stamp, silk = ImageDraw.Draw(mask), ImageDraw.Draw(image)
    round_ = (edge * 0.16, 0, edge * 0.84, edge * 0.68)
    stamp.ellipse(round_, fill=255)
    stamp.polygon(
        [
            (edge * 0.21, edge * 0.5),
            (edge * 0.79, edge * 0.5),
            (edge * 0.56, edge * 0.82),
            (edge * 0.44, edge * 0.82),
        ],
        fill=255,
    )
    stamp.rectangle((edge * 0.45, edge * 0.88, edge * 0.55, edge * 0.97), fill=255)
    for x in (0.46, 0.54):
        stamp.line(
            (edge * x, edge * 0.8, edge * x, edge * 0.9), fill=160, width=max(1, edge // 120)
        )
    for reach, hue in ((0.34, 0), (0.24, 1), (0.13, 0), (0.05, 1)):
        silk.ellipse(
            (edge * (0.5 - reach), -edge * 0.02, edge * (0.5 + reach), edge * 0.86), fill=hues[hue]
        )
    silk.rectangle((edge * 0.4, edge * 0.86, edge * 0.6, edge), fill=(84, 58, 40))
    shade = Image.linear_gradient("L").rotate(90).resize((edge, edge))
    image.paste((20, 14, 34), (0, 0), shade.point([round(i * 0.45) for i in range(256)]))
    return (
        image.resize((size, size), Image.Resampling.LANCZOS),
        mask.resize((size, size), Image.Resampling.LANCZOS),
    )


class Flock:
    """Birds that beat their wings as they cross the sky."""

    def __init__(self, canvas: Canvas, mood: Mood) -> None:
        rng = mood.source("flock")
        wide, high = canvas.world
        colour = paint.lerp(mood.palette.near, mood.palette.middle, 0.15)
        self._birds: list[tuple[list[Layer], float]] = []
        for number in range(9):
            size = max(8, canvas.px(0.05 * rng.uniform(0.55, 1.0)) // 2 * 2)
            x = wide * 0.18 + number * canvas.px(0.075) + rng.uniform(-1, 1) * canvas.px(0.03)
            y = high * 0.3 + abs(number - 4) * canvas.px(0.022) + rng.uniform(0, canvas.px(0.03))
            beats = [flat(_bird(size, k / 3), colour, depth=0.3) for k in range(4)]
            for beat in beats:
                beat.x, beat.y = beat.x + x, beat.y + y
                beat.drift = (canvas.px(0.06), -canvas.px(0.006))
            self._birds.append((beats, rng.random()))

    def at(self, seconds: float) -> list[Layer]:
        """Each bird with its wings as they are at that moment."""
        steps = (0, 1, 2, 3, 2, 1)
        return [beats[steps[int((seconds * 2.1 + phase) * 6) % 6]] for beats, phase in self._birds]


def _bird(size: int, lift: float) -> Image.Image:
    """A bird from the front; `lift` 0 (wings down) to 1 (wings up)."""
    edge = size * 4
    big = Image.new("L", (edge, edge), 0)
    tip, elbow = edge * (0.62 - 0.44 * lift), edge * (0.44 - 0.12 * lift)
    draw = ImageDraw.Draw(big)
    for side in (-1, 1):
        points = [
            (edge / 2, edge * 0.5),
            (edge * (0.5 + side * 0.2), elbow),
            (edge * (0.5 + side * 0.48), tip),
            (edge * (0.5 + side * 0.2), elbow + edge * 0.07),
            (edge / 2, edge * 0.6),
        ]
        draw.polygon(points, fill=255)
    return big.resize((size, size), Image.Resampling.LANCZOS)
