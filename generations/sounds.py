"""What makes a file a sound: it opens, has one audio stream, and decodes. Measures films too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from generations.films import BadFilm, digest

_LEAST = 0.1  # seconds
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
class Sound:
    """What was measured; `size` is bytes."""

    size: int
    sha256: str
    duration_ms: int
    form: Format


def listen(path: Path, *, alive: Callable[[], None]) -> Sound:
    """Decode the whole sound. `alive` is called now and then. Raises BadFilm."""
    form = _format(path, films_too=False)
    seconds = _measured(path, form, "audio", alive)
    return Sound(path.stat().st_size, digest(path), round(seconds * 1000), form)


def measure(path: Path, medium: str = "") -> Sound:
    """A film's or sound's form and length, every frame of it decoded. Raises BadFilm.

    Without `medium` it may be either.
    """
    medium = medium or medium_of(path)
    form = _format(path, films_too=medium == "video")
    seconds = _measured(path, form, medium, lambda: None)
    return Sound(path.stat().st_size, digest(path), round(seconds * 1000), form)


def medium_of(path: Path) -> str:
    """`video` for what has a picture, else `audio`. Raises BadFilm for what is neither."""
    form = _format(path, films_too=True)
    if form is not _MP4:  # a picture in an MP3 is its cover
        return "audio"
    try:
        with av.open(str(path), format=form.reader) as container:
            return "video" if container.streams.video else "audio"
    except (FFmpegError, ValueError, EOFError) as error:
        raise BadFilm(f"it does not open: {type(error).__name__}") from error


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


def _measured(path: Path, form: Format, medium: str, alive: Callable[[], None]) -> float:
    try:
        with av.open(str(path), format=form.reader) as container:
            streams = container.streams.video if medium == "video" else container.streams.audio
            if len(streams) != 1:
                raise BadFilm(f"{len(streams)} {medium} streams")
            length = _seconds(container, medium, alive)
    except (FFmpegError, ValueError, EOFError) as error:
        raise BadFilm(f"it does not decode: {type(error).__name__}") from error
    if length < _LEAST:
        raise BadFilm("nothing in it decodes")
    return length


def _seconds(
    container: av.container.InputContainer, medium: str, alive: Callable[[], None]
) -> float:
    total, count = Fraction(0), 0
    if medium == "video":
        rate = container.streams.video[0].average_rate or Fraction(24)
        for _ in container.decode(video=0):
            count += 1
            if count % 48 == 0:
                alive()
        return float(count / rate)
    for frame in container.decode(audio=0):
        total += Fraction(frame.samples, frame.sample_rate or 1)
        count += 1
        if count % 400 == 0:
            alive()
    return float(total)
