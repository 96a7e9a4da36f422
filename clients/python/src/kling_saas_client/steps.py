"""What the core asks of a driver: requests described as data, and the few other steps there are.

The core is generators that yield steps and are sent what came of them. It opens no connection and
waits for nothing itself, so one core serves threads and asyncio alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `repeatable`: the server carries it out once, however often it comes.

    `url` is absolute. A path as `content` is a file, sent piece by piece.
    """

    method: str
    url: str
    repeatable: bool
    timeout: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    content: bytes | Path | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, or the head of one that is read piece by piece; header names are lower."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """The content; None where it is no JSON, as of a proxy's page."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer, or its end is missing. `sent`: the server may have the request."""

    why: str
    sent: bool
    timed_out: bool


@dataclass(frozen=True, slots=True)
class Send:
    """Gives an Answer, or Lost."""

    request: Request


@dataclass(frozen=True, slots=True)
class Open:
    """As Send, without the content: that is what Read gives. One is open at a time."""

    request: Request


@dataclass(frozen=True, slots=True)
class Read:
    """The next bytes of what is open; b"" at its end, or Lost."""


@dataclass(frozen=True, slots=True)
class Close:
    """What is open is read no further."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Nothing, for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """What the callable returns: a disk's work, off the loop where there is one."""

    do: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Emit(Generic[T]):
    """One more item for whoever iterates."""

    item: T


Step: TypeAlias = Send | Open | Read | Close | Sleep | Work
Flow: TypeAlias = Generator[Step, Any, T]
Iteration: TypeAlias = Generator[Step | Emit[T], Any, None]


class Driver(Protocol):
    """Carries steps out; what `run` and `iterate` return is the driver's kind of it."""

    def run(self, flow: Flow[Any]) -> Any:
        """What the flow returns."""

    def iterate(self, flow: Iteration[Any]) -> Any:
        """What the flow emits."""
