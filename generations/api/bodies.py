"""JSON bodies of the library's addresses: every field checked, everything wrong told at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from generations.catalogue.reading import Reader
from generations.catalogue.violations import Findings
from generations.catalogue.violations import InvalidRequest as CatalogueRefusal
from generations.errors import InvalidRequest
from kling_saas.api.parsing import object_of


@contextmanager
def body(request: HttpRequest, *known: str) -> Iterator[Reader]:
    """A reader of the body, which has no other fields than the `known`.

    At the end of the block raises InvalidRequest with all that was refused in it.
    """
    findings = Findings(lenient=False)
    reader = Reader(findings, object_of(request))
    reader.only(known)
    yield reader
    if findings.violations:
        raise InvalidRequest.of(CatalogueRefusal(tuple(findings.violations)))


def required(reader: Reader, name: str) -> bool:
    """Whether the field is given; refused if it is not."""
    if reader.given(name):
        return True
    reader.findings.refuse(name, "required", "is missing", limit="required", way_out="send it")
    return False


def line(reader: Reader, name: str, most: int) -> str:
    """A text of one line, without blanks at its ends; "" where none is given."""
    value = (reader.text(name, most) or "").strip()
    if not value.isprintable():
        reader.wrong_type(name, "one line of plain text")
    return value


def name_of(reader: Reader, field: str, most: int) -> str:
    """The same, which must not be empty."""
    value = line(reader, field, most)
    if required(reader, field) and not value and not reader.findings.refused(field):
        limit = f"1 to {most} characters"
        reader.findings.refuse(field, "required", "is blank", limit=limit, way_out=f"send {limit}")
    return value


def within(reader: Reader, name: str, least: int, most: int) -> int | None:
    """A whole number from `least` to `most`; None where none is given."""
    value = reader.whole(name)
    if value is None or least <= value <= most:
        return value
    limit = f"{least} to {most}"
    place = reader.prefix + name
    reader.findings.refuse(
        place, "out_of_range", f"must be from {limit}", limit=limit, way_out=f"send {limit}"
    )
    return None


def lines(reader: Reader, name: str, *, most: int, longest: int) -> list[str]:
    """At most so many different lines of at most so many characters, in the order given."""
    items = reader.items(name)
    if len(items) > most:
        reader.too_many(name, len(items), most)
        return []
    inner = Reader(reader.findings, {f"{name}[{n}]": item for n, item in enumerate(items)})
    return list(dict.fromkeys(name_of(inner, field, longest) for field in inner.fields))
