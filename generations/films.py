"""What makes a file a film: it opens, has one video stream of the right length, and decodes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError
from PIL import Image

_POSTER_AT = 0.3  # share of the film
_TOLERANCE = 0.2  # of the asked duration
_BEGUN = 1.0  # s at least: what follows a film or sound is asked for in whole seconds, rounded up
_PREVIEW_SECONDS = 3.0
_PREVIEW_WIDTH = 320
_PREVIEW_RATE = 12


class BadFilm(Exception):
    """The file is not the film that was ordered; the text says how."""


@dataclass(frozen=True, slots=True)
class Film:
    """What was measured; `size` is bytes, `poster` a WebP image."""

    size: int
    sha256: str
    width: int
    height: int
    duration_ms: int
    has_sound: bool
    poster: bytes


def examine(path: Path, *, seconds: int, alive: Callable[[], None]) -> Film:
    """Decode the whole file. `alive` is called now and then. Raises BadFilm.

    `seconds` is the ordered length; the film's may differ by a fifth, and by a second.
    """
    size = path.stat().st_size
    if size == 0:
        raise BadFilm("the file is empty")
    try:
        # Upstreams send MP4. Left to guess, FFmpeg would follow playlists to other files.
        with av.open(str(path), format="mp4") as container:
            return _examined(container, path, size, seconds, alive)
    except (FFmpegError, ValueError, EOFError) as error:
        raise BadFilm("it does not decode") from error


def _examined(
    container: av.container.InputContainer,
    path: Path,
    size: int,
    seconds: int,
    alive: Callable[[], None],
) -> Film:
    if len(container.streams.video) != 1:
        raise BadFilm(f"{len(container.streams.video)} video streams")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = 2
    base = stream.time_base or Fraction(1, 1000)
    rate = stream.average_rate or Fraction(24)
    poster_at = float(seconds * _POSTER_AT)
    poster: Image.Image | None = None
    frames, last = 0, Fraction(0)
    for frame in container.decode(stream):
        frames += 1
        last = max(last, (frame.pts or 0) * base)
        if poster is None and last >= poster_at:
            poster = frame.to_image()  # type: ignore[no-untyped-call]
        if frames % 48 == 0:
            alive()
    if frames == 0 or poster is None:
        raise BadFilm("no frame decodes" if frames == 0 else "it ends before its first third")
    duration = float(last + 1 / rate)
    if abs(duration - seconds) > max(seconds * _TOLERANCE, _BEGUN):
        raise BadFilm(f"it is {duration:.1f} s long, ordered were {seconds} s")
    return Film(
        size=size,
        sha256=digest(path),
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        duration_ms=round(duration * 1000),
        has_sound=bool(container.streams.audio),
        poster=_webp(poster),
    )


def last_frame(path: Path) -> Image.Image:
    """The picture that a stored film ends with. Raises BadFilm."""
    try:
        with av.open(str(path), format="mp4") as container:
            stream = container.streams.video[0]
            if stream.duration:  # only what follows the last whole picture is decoded
                container.seek(stream.duration, stream=stream)
            found: Image.Image | None = None
            for frame in container.decode(stream):
                found = frame.to_image()  # type: ignore[no-untyped-call]
    except (FFmpegError, ValueError) as error:
        raise BadFilm("it does not decode") from error
    if found is None:
        raise BadFilm("no frame decodes")
    return found


def digest(path: Path) -> str:
    """The file's SHA-256 as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _webp(image: Image.Image) -> bytes:
    image.thumbnail((1280, 1280))
    out = io.BytesIO()
    image.save(out, "WEBP", quality=80, method=2)
    return out.getvalue()


def preview(source: Path, target: Path) -> None:
    """A small silent film of the first seconds for hovering over it. Raises BadFilm."""
    try:
        with (
            av.open(str(source), format="mp4") as container,
            av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as out,
        ):
            _encode_preview(container, out)
    except (FFmpegError, ValueError) as error:
        raise BadFilm("no preview can be made of it") from error


def _encode_preview(
    container: av.container.InputContainer, out: av.container.OutputContainer
) -> None:
    stream = container.streams.video[0]
    width = _PREVIEW_WIDTH
    height = stream.codec_context.height * width // stream.codec_context.width // 2 * 2
    made = out.add_stream("libx264", rate=_PREVIEW_RATE)
    made.width, made.height, made.pix_fmt = width, height, "yuv420p"
    made.options = {"crf": "30", "preset": "veryfast"}
    made.codec_context.thread_count = 1
    base = stream.time_base or Fraction(1, 1000)
    count = 0
    for frame in container.decode(stream):
        at = float((frame.pts or 0) * base)
        if at >= _PREVIEW_SECONDS:
            break
        if at * _PREVIEW_RATE < count:
            continue
        small = frame.reformat(width=width, height=height, format="yuv420p")
        small.pts, small.time_base = count, Fraction(1, _PREVIEW_RATE)
        count += 1
        out.mux(made.encode(small))
    out.mux(made.encode(None))
