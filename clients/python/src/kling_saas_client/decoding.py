"""JSON into dataclasses: what is declared is read, what is newer than this package is kept raw."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any, TypeVar

from kling_saas_client.errors import UnexpectedAnswer

T = TypeVar("T", bound="Told")


@dataclass(frozen=True, kw_only=True)
class Told:
    """Something the API has told. `raw` is all of it, as JSON."""

    raw: dict[str, Any] = field(repr=False, compare=False)


def decode(kind: type[T], told: Any, **more: Any) -> T:
    """The dataclass of what was told; `more` are fields that the JSON has not, or
    that were read already.

    Raises UnexpectedAnswer where something that every answer has is missing.
    """
    try:
        readers = _readers(typing.cast("Any", kind))
        read = {name: read(told[name]) for name, read in readers if name in told.keys() - more}
        return kind(raw=told, **read, **more)
    except (TypeError, ValueError, KeyError) as error:
        raise UnexpectedAnswer(f"not a {kind.__name__} of the API: {error}") from error


def reader(kind: type[T]) -> Callable[[Any], T]:
    """`decode` of that kind."""
    return functools.partial(decode, kind)


@functools.cache
def _readers(kind: Any) -> list[tuple[str, Callable[[Any], Any]]]:
    hints = typing.get_type_hints(kind)
    names = [each.name for each in fields(kind) if each.name not in ("raw", "bound_to")]
    return [(name, _reader_of(hints[name])) for name in names]


def _reader_of(hint: Any) -> Callable[[Any], Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        (plain,) = (each for each in inner if each is not type(None))
        read = _reader_of(plain)
        return lambda value: None if value is None else read(value)
    if origin is list:
        read = _reader_of(inner[0])
        return lambda value: [read(each) for each in value]
    if hint is datetime:
        return datetime.fromisoformat
    if is_dataclass(hint):
        return reader(typing.cast("type[Told]", hint))
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
