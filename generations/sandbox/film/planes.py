"""Pictures as the encoder wants them: one luma and two half-size chroma planes (BT.709, 8 bit).

Mixing films in planes costs a third of mixing them in RGB, which is why a sandbox film is
ready in seconds on one core.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

Colour = tuple[int, int, int]
Size = tuple[int, int]

_LUMA = (0.1826, 0.6142, 0.0620, 16.0)
_BLUE = (-0.1006, -0.3386, 0.4392, 128.0)
_RED = (0.4392, -0.3989, -0.0403, 128.0)


def _mixed(colour: Colour, row: tuple[float, float, float, float]) -> int:
    return max(
        0, min(255, round(sum(c * k for c, k in zip(colour, row[:3], strict=True)) + row[3]))
    )


@dataclass(frozen=True, slots=True)
class Ink:
    """One flat colour in planes."""

    y: int
    u: int
    v: int

    @classmethod
    def of(cls, colour: Colour) -> Ink:
        """The planes' values of an RGB colour (0 to 255 each)."""
        return cls(_mixed(colour, _LUMA), _mixed(colour, _BLUE), _mixed(colour, _RED))


@dataclass(slots=True)
class Planes:
    """An opaque picture: `y` in full size, `u` and `v` in half size. Sizes are even."""

    y: Image.Image
    u: Image.Image
    v: Image.Image

    @classmethod
    def of(cls, rgb: Image.Image) -> Planes:
        """The planes of an RGB image of even size."""
        return cls(
            rgb.convert("L", _LUMA),
            rgb.convert("L", _BLUE).reduce(2),
            rgb.convert("L", _RED).reduce(2),
        )

    @classmethod
    def blank(cls, size: Size) -> Planes:
        """A black picture."""
        half = (size[0] // 2, size[1] // 2)
        return cls(Image.new("L", size, 16), Image.new("L", half, 128), Image.new("L", half, 128))

    def fill(self, ink: Ink, box: tuple[int, int, int, int]) -> None:
        """Paint the box (left, top, right, bottom; all even)."""
        half = (box[0] // 2, box[1] // 2, box[2] // 2, box[3] // 2)
        self.y.paste(ink.y, box)
        self.u.paste(ink.u, half)
        self.v.paste(ink.v, half)

    def paste(self, other: Planes | Ink, at: tuple[int, int], alpha: Alpha | None) -> None:
        """Lay `other` over this picture at `at` (may lie partly outside), through `alpha`."""
        half = (at[0] // 2, at[1] // 2)
        full_mask = alpha.full if alpha else None
        half_mask = alpha.half if alpha else None
        self.y.paste(other.y, _box(at, full_mask), full_mask)
        self.u.paste(other.u, _box(half, half_mask), half_mask)
        self.v.paste(other.v, _box(half, half_mask), half_mask)


@dataclass(frozen=True, slots=True)
class Alpha:
    """A mask in both sizes."""

    full: Image.Image
    half: Image.Image

    @classmethod
    def of(cls, mask: Image.Image) -> Alpha:
        """The mask (mode L) with its half-size twin."""
        return cls(mask, mask.reduce(2))


def _box(
    at: tuple[int, int], mask: Image.Image | None
) -> tuple[int, int, int, int] | tuple[int, int]:
    if mask is None:
        return at
    return (at[0], at[1], at[0] + mask.width, at[1] + mask.height)
