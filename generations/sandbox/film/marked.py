"""The second film of an order with a watermark: the first with a plate in one corner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from generations.sandbox.film import encode, reel
from generations.sandbox.film.planes import Alpha, Ink, Planes, Size

_PLATE, _WORD = Ink(235, 128, 128), Ink(16, 128, 128)
_WIDE, _HIGH = 0.3, 0.14  # shares of the picture


def write_marked(film: Path, marked: Path) -> None:
    """Write `film` anew with the mark on every frame. Raises OSError."""
    shown = reel.open_reel(film)
    heard = reel.sound_of(film) if shown.sounding else None
    encode.write_film(marked, _frames(shown), shown.size, shown.fps, heard)


def _frames(shown: reel.Reel) -> Iterator[Planes]:
    plate = _plate(shown.size)
    word = _word(plate.size)
    at = (shown.size[0] - plate.width, 0)
    for frame in reel.pictures(shown):
        frame.paste(_PLATE, at, Alpha.of(plate))
        frame.paste(_WORD, at, Alpha.of(word))
        yield frame


def _plate(size: Size) -> Image.Image:
    wide, high = (max(4, round(edge * share / 4) * 4) for edge, share in zip(
        size, (_WIDE, _HIGH), strict=True
    ))  # fmt: skip
    return Image.new("L", (wide, high), 220)


def _word(size: Size) -> Image.Image:
    image = Image.new("L", size, 0)
    font = ImageFont.load_default(max(5, round(size[1] * 0.7)))
    ImageDraw.Draw(image).text((size[0] / 2, size[1] / 2), "KLING", 255, font, anchor="mm")
    return image
