"""Which part of a list Kling's clients ask for: `pageNum` and `pageSize`."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from generations.wire.task import BadRequest

NUMBER_MAX, SIZE_MAX, SIZE_DEFAULT = 1000, 500, 30
VOICES_MAX = 1000  # in a page of voices


@dataclass(frozen=True, slots=True)
class Paging:
    """`size` items after the first `offset`."""

    offset: int
    size: int


def paging(request: HttpRequest, of: str = "") -> Paging:
    """The page of a request; lists of voices have longer ones. Raises BadRequest."""
    number = _number(request, "pageNum", 1, NUMBER_MAX)
    most = VOICES_MAX if of == "voice" else SIZE_MAX
    size = _number(request, "pageSize", SIZE_DEFAULT, most)
    return Paging((number - 1) * size, size)


def _number(request: HttpRequest, name: str, usual: int, most: int) -> int:
    text = request.GET.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= most):
        message = f"out of range. Please provide a value between 1 and {most}."
        raise BadRequest(name, message)
    return int(text)
