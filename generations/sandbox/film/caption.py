"""The words on a film: the label SANDBOX and, small, the prompt it was made from."""

from __future__ import annotations

import re

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from generations.sandbox.film.layers import Canvas
from generations.sandbox.film.planes import Alpha, Ink, Planes

_MAGIC = re.compile(r"\b(?:fail|slow|callback):[\w.-]+\s*")
_WHITE = Ink(232, 128, 128)
_BLACK = Ink(20, 128, 128)


class Caption:
    """A caption that lies over every frame, at the foot of the picture."""

    def __init__(self, canvas: Canvas, prompt: str) -> None:
        size = (canvas.width, max(16, canvas.px(0.15) // 2 * 2))
        text = Image.new("L", size, 0)
        pen = ImageDraw.Draw(text)
        small, left = max(9, canvas.px(0.027)), canvas.px(0.045)
        middle = size[1] - canvas.px(0.06)
        end = _label(pen, "SANDBOX", (left, middle), max(8, round(small * 0.82)))
        words = _shortened(prompt, small, canvas.width - end - 2 * left)
        pen.text((end + small * 0.7, middle), words, 214, _font(small), anchor="lm")
        shadow = text.filter(ImageFilter.GaussianBlur(max(1.0, canvas.px(0.006))))
        self._text = Alpha.of(text)
        self._shadow = Alpha.of(shadow.point([min(150, round(i * 0.8)) for i in range(256)]))
        self._at = (0, canvas.height - size[1])

    def place(self, frame: Planes) -> None:
        """Draw the caption."""
        frame.paste(_BLACK, self._at, self._shadow)
        frame.paste(_WHITE, self._at, self._text)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _label(pen: ImageDraw.ImageDraw, word: str, at: tuple[int, int], size: int) -> int:
    """A framed word; returns its right end."""
    font = _font(size)
    wide = round(pen.textlength(word, font))
    pad = round(size * 0.55)
    half = round(size * 0.85)
    box = (at[0], at[1] - half, at[0] + wide + 2 * pad, at[1] + half)
    pen.rounded_rectangle(box, radius=half // 2, outline=190, width=max(1, size // 12))
    pen.text((at[0] + pad, at[1]), word, 235, font, anchor="lm")
    return box[2]


def _shortened(prompt: str, size: int, room: float) -> str:
    """The prompt without magic words on one line; empty if the font cannot write it."""
    text = " ".join(_MAGIC.sub("", prompt).split())
    if not text.isascii():
        text = "".join(c for c in text if ord(c) < 0x250).strip()
    font = _font(size)
    if font.getlength(text) <= room:
        return text
    words = text.split(" ")
    while words and font.getlength(" ".join(words) + "…") > room:
        words.pop()
    return " ".join(words) + "…" if words else ""
