"""A mouth over a film: a bar in the lower half that opens as wide as the sound is loud."""

from __future__ import annotations

from generations.sandbox.film.planes import Ink, Planes, Size

_LIPS, _INSIDE = Ink.of((190, 60, 70)), Ink.of((40, 8, 12))


class Mouth:
    """`loudness` has one value from 0 to 1 for every frame."""

    def __init__(self, size: Size, loudness: list[float]) -> None:
        self._size, self._loudness = size, loudness

    def placed(self, frame: Planes, number: int) -> Planes:
        """The frame with the mouth as it is at that frame."""
        open_ = self._loudness[number] if number < len(self._loudness) else 0.0
        wide, high = self._size
        half, middle = _even(wide * 0.09), _even(high * 0.64)
        gap, lip = _even(high * 0.10 * open_), _even(high * 0.016)
        left, right = _even(wide / 2) - half, _even(wide / 2) + half
        frame.fill(_LIPS, (left, middle - gap - lip, right, middle + gap + lip))
        if gap:
            frame.fill(_INSIDE, (left + lip, middle - gap, right - lip, middle + gap))
        return frame


def _even(value: float) -> int:
    return round(value / 2) * 2
