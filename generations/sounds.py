"""What makes a file a sound: it opens, has one audio stream, and decodes. Measures films too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from generations.films import BadFilm, digest

_LEAST = Fraction(1, 10)  # seconds
_LOOKED_AT = 12  # bytes that tell the formats apart


@dataclass(frozen=True, slots=True)
class Format:
    """`reader` is FFmpeg's name: left to guess, it would follow playlists to other files."""

    reader: str
    content_type: str
    suffix: str


_MP3 = Format("mp3", "audio/mpeg", ".mp3")
_WAV = Format("wav", "audio/wav", ".wav")
_M4A = Format("mp4", "audio/mp4", ".m4a")
_AAC = Format("aac", "audio/aac", ".aac")
_MP4 = Format("mp4", "video/mp4", ".mp4")
AUDIO_TYPES = frozenset(form.content_type for form in (_MP3, _WAV, _M4A, _AAC))


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a film: pixels, and frames a second, None where the file does not tell."""

    width: int
    height: int
    fps: float | None


@dataclass(frozen=True, slots=True)
class Sound:
    """What was measured; `size` is bytes."""

    size: int
    sha256: str
    duration_ms: int
    form: Format
    shape: Shape | None = None


def listen(path: Path, *, alive: Callable[[], None]) -> Sound:
    """Decode the whole sound. `alive` is called now and then. Raises BadFilm."""
    form = _format(path, films_too=False)
    seconds = _decoded(path, form, alive)
    return Sound(path.stat().st_size, digest(path), round(seconds * 1000), form)


def as_wav(source: Path, target: Path) -> None:
    """The same sound as 16-bit WAV. Raises BadFilm."""
    form = _format(source, films_too=False)
    with (
        _opened(source, form, "audio") as (container, stream),
        av.open(str(target), "w", format="wav", options={"fflags": "+bitexact"}) as out,
    ):
        made = out.add_stream("pcm_s16le", rate=stream.rate, layout=stream.layout)
        resampler = av.AudioResampler(format="s16", layout=stream.layout, rate=stream.rate)
        for frame in container.decode(stream):
            for part in resampler.resample(frame):
                part.pts = None
                out.mux(made.encode(part))
        out.mux(made.encode(None))


def measure(path: Path, medium: str = "") -> Sound:
    """The form and length of a film or sound that somebody sent. Raises BadFilm.

    Its packets are read, not decoded: what it is worth is the upstream's to say. Without `medium`
    it may be either.
    """
    medium = medium or medium_of(path)
    form = _format(path, films_too=medium == "video")
    seconds, shape = _spanned(path, form, medium)
    return Sound(path.stat().st_size, digest(path), round(seconds * 1000), form, shape)


def medium_of(path: Path) -> str:
    """`video` for what has a picture, else `audio`. Raises BadFilm for what is neither."""
    form = _format(path, films_too=True)
    if form is not _MP4:  # a picture in an MP3 is its cover
        return "audio"
    try:
        with av.open(str(path), format=form.reader) as container:
            return "video" if container.streams.video else "audio"
    except (FFmpegError, ValueError, EOFError) as error:
        raise BadFilm("it does not open") from error


def _format(path: Path, *, films_too: bool) -> Format:
    with path.open("rb") as file:
        found = _told_by(file.read(_LOOKED_AT), films_too=films_too)
    if found is None:
        raise BadFilm(f"neither {'MP4' if films_too else 'M4A'}, MP3, WAV nor AAC")
    return found


def looks_like_one(head: bytes) -> bool:
    """Whether the first bytes are those of a film or sound that is taken."""
    return _told_by(head, films_too=True) is not None


def _told_by(head: bytes, *, films_too: bool) -> Format | None:
    if head[4:8] == b"ftyp":
        return _MP4 if films_too else _M4A
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _WAV
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 in (0xE2, 0xE4)):
        return _MP3
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return _AAC
    return None


def _decoded(path: Path, form: Format, alive: Callable[[], None]) -> float:
    """The seconds of a sound, every frame of it decoded."""
    total, count = Fraction(0), 0
    with _opened(path, form, "audio") as (container, _):
        for frame in container.decode(audio=0):
            total += Fraction(frame.samples, frame.sample_rate or 1)
            count += 1
            if count % 400 == 0:
                alive()
    return _enough(total)


def _spanned(path: Path, form: Format, medium: str) -> tuple[float, Shape | None]:
    """The seconds that a stream's packets span, and a film's shape.

    Its first frame is decoded, so that it can be.
    """
    begin, end = Fraction(10**9), Fraction(0)
    with _opened(path, form, medium) as (container, stream):
        base = stream.time_base or Fraction(1, 1000)
        for packet in container.demux(stream):
            if packet.pts is not None:
                begin = min(begin, packet.pts * base)
                end = max(end, (packet.pts + (packet.duration or 0)) * base)
        container.seek(0)
        first = next(iter(container.decode(stream)))
        rate = stream.average_rate if medium == "video" else None
        fps = round(float(rate), 3) if rate else None
        shape = Shape(first.width, first.height, fps) if medium == "video" else None
    return _enough(end - begin), shape


@contextmanager
def _opened(path: Path, form: Format, medium: str) -> Iterator[tuple[Any, Any]]:
    """The container and its one stream of this medium. Raises BadFilm, also for what goes wrong."""
    try:
        with av.open(str(path), format=form.reader) as container:
            streams = container.streams.video if medium == "video" else container.streams.audio
            if len(streams) != 1:
                raise BadFilm(f"{len(streams)} {medium} streams")
            yield container, streams[0]
    except (FFmpegError, ValueError, EOFError, StopIteration) as error:
        raise BadFilm("it does not decode") from error


def _enough(length: Fraction) -> float:
    if length < _LEAST:
        raise BadFilm("nothing in it decodes")
    return float(length)
