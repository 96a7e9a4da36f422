"""Fields that hold pictures, films and sounds, and what is known of the films they name."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from generations.catalogue import media
from generations.catalogue.products.fields import Body, Field, Schema, found_at, put_at
from generations.catalogue.reading import Reader, is_token

Medium = Literal["image", "video", "audio"]
_NAMED = {"video": ("film", "vid_…"), "audio": ("sound", "aud_…"), "image": ("image", "upl_…")}
MEGABYTE = 1024 * 1024
VIDEO_MAX_BYTES = 200 * MEGABYTE  # Kling's limit for reference films; others take 100 MB
AUDIO_MAX_BYTES = 5 * MEGABYTE
SLACK = 0.05  # s, or frames a second: files end with whole frames, and 24 a second are 23.976
_DATA_URI = re.compile(r"data:audio/[a-z0-9.+-]{1,20};base64,", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is known of a film or sound that an order names, as measured; 0 for what is not known.

    `width` and `height` are pixels, `fps` frames a second, `frames` those of a film
    that was opened, `faces` the ids of those found in it. `chosen` is False where it is known that
    nothing is chosen in it.
    """

    seconds: float
    width: int = 0
    height: int = 0
    fps: float = 0
    model: str = ""
    mode: str = ""
    faces: tuple[str, ...] = ()
    frames: int = 0
    chosen: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture(Field):
    """An image, as everywhere: address, upload, data URI or base64."""

    def read(self, reader: Reader) -> str | None:
        return reader.image(self.name)

    def schema(self) -> Schema:
        return {"type": "string", "description": f"An image: {media.FORMS}; {media.LIMITS}."}


@dataclass(frozen=True, slots=True, kw_only=True)
class Medial(Field):
    """A film or a sound. Kling takes ids and addresses under different keys.

    `low` and `high` are the seconds it may have; `made_by` the products (and `film`) whose results
    it must be, empty for any and for films from elsewhere as well; `bytes_too`: base64 is taken.
    `hours`: so long Kling knows what it made by its id. `megabytes`: the largest file. A film's
    `least_side` to `most_side` are pixels, `least_fps` to `most_fps` frames a second; 0 for any.
    """

    medium: Medium
    id_key: str
    key: str = ""
    low: float = 0
    high: float = 600
    made_by: tuple[str, ...] = ()
    bytes_too: bool = False
    hours: int = 30 * 24
    megabytes: int = VIDEO_MAX_BYTES // MEGABYTE
    least_side: int = 0
    most_side: int = 0
    least_fps: int = 0
    most_fps: int = 0

    def read(self, reader: Reader) -> str | None:
        value = reader.fields.get(self.name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
            value = str(value)
        if not isinstance(value, str):
            reader.wrong_type(self.name, self.forms)
            return None
        problem = self._problem(value)
        if not problem:
            return "".join(value.split()) if not media.is_address(value) else value
        reader.findings.refuse(
            reader.prefix + self.name,
            "bad_media",
            problem,
            limit=self.forms,
            way_out=f"send {self.forms}",
        )
        return None

    @property
    def forms(self) -> str:
        """What names one."""
        noun, prefix = _NAMED[self.medium]
        if self.made_by:
            made = f"the id of a generation of yours that made a {noun} (gen_…)"
            return f"{made}, or of that {noun} ({prefix})"
        ids = f"the id of a generation of yours (gen_…), of its {noun} ({prefix}) or of an upload"
        more = ", a data URI or base64" if self.bytes_too else ""
        return f"{ids} (upl_…), or an http(s) address{more}"

    def _problem(self, value: str) -> str:
        if media.is_address(value):
            try:
                media.normalise(value)
            except media.BadMedia as problem:
                return str(problem)
            return "must be one that was made here, not an address" if self.made_by else ""
        if is_token(value):
            return ""
        return self._bad_bytes(value) if self.bytes_too else "names none"

    def _bad_bytes(self, value: str) -> str:
        if len(value) > AUDIO_MAX_BYTES * 3 // 2:
            return "is larger than 5 MB"
        try:
            decoded(value)
        except ValueError:
            return "names none, and is not base64"
        return ""

    def beyond(self, source: Source) -> Iterator[tuple[str, str]]:
        """What of a film or sound is beyond the limits, each with its limit."""
        if not self.low - SLACK <= source.seconds <= self.high + SLACK:
            yield f"is {source.seconds:.1f} s long", f"{self.low:g} to {self.high:g} s"
        short, long = sorted((source.width, source.height))
        if self._sides and short and not self.least_side <= short <= long <= self.most_side:
            yield f"has {source.width}×{source.height} pixels", self._sides
        rate = source.fps
        if self._rates and rate and not self.least_fps - SLACK <= rate <= self.most_fps + SLACK:
            yield f"has {rate:g} frames a second", self._rates

    @property
    def _sides(self) -> str:
        return f"{self.least_side} to {self.most_side} pixels a side" if self.most_side else ""

    @property
    def _rates(self) -> str:
        return f"{self.least_fps} to {self.most_fps} frames a second" if self.most_fps else ""

    def schema(self) -> Schema:
        length = f"{self.low:g} to {self.high:g} s" if self.low else f"up to {self.high:g} s"
        limits = ", ".join(filter(None, (length, self._sides, self._rates)))
        limits += "" if self.made_by else f", to {self.megabytes} MB"
        noun, _ = _NAMED[self.medium]
        return {"type": "string", "description": f"A {noun}, {limits}: {self.forms}."}

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.path, self.id_key)

    def put(self, body: Body, value: str) -> None:
        by_id = is_token(value)
        put_at(body, self.id_key if by_id else self.path, value)

    def take(self, body: Mapping[str, Any]) -> Any:
        named = found_at(body, self.id_key)
        return named if named is not None else found_at(body, self.path)


def decoded(value: str) -> bytes:
    """The bytes of base64 or a data URI. Raises ValueError."""
    begin = _DATA_URI.match(value)
    try:
        return base64.b64decode(
            "".join(value[begin.end() if begin else 0 :].split()), validate=True
        )
    except binascii.Error as problem:
        raise ValueError(str(problem)) from None
