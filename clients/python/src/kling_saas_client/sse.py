"""Server-sent events read from bytes as they come, whatever the pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One event; `id` is "" where it has none."""

    id: str
    type: str
    data: str


class Parser:
    """Fed with bytes, gives whole messages; comments, which keep a stream alive, give none."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[Message]:
        """The messages that are whole now."""
        self._rest = (self._rest + piece).replace(b"\r\n", b"\n")
        *whole, self._rest = self._rest.split(b"\n\n")
        for block in whole:
            message = _message(block.decode(errors="replace"))
            if message.data:
                yield message


def _message(block: str) -> Message:
    found: dict[str, list[str]] = {"id": [], "event": [], "data": []}
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        found.get(name, []).append(value.removeprefix(" "))
    last = {name: values[-1] if values else "" for name, values in found.items()}
    return Message(last["id"], last["event"] or "message", "\n".join(found["data"]))
