"""Reads films and sounds back: frames as planes, sound as even frames, loudness by the moment."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError
from PIL import Image

from generations.sandbox.film.planes import Planes, Size
from generations.sandbox.film.sound import RATE


class Unreadable(OSError):
    """The file is neither film nor sound."""


@dataclass(frozen=True, slots=True)
class Reel:
    """A film or sound file. `size` and `fps` are 0 without a picture; `seconds` as decoded."""

    path: Path
    seconds: float
    size: Size = (0, 0)
    fps: int = 0
    sounding: bool = False


def open_reel(path: Path) -> Reel:
    """What the file holds. Raises Unreadable."""
    try:
        with av.open(str(path)) as container:
            sounding = bool(container.streams.audio)
            if not container.streams.video:
                if not sounding:
                    raise Unreadable("neither film nor sound")
                frames = container.decode(audio=0)
                heard = sum(frame.samples / frame.sample_rate for frame in frames)
                return Reel(path, heard, sounding=True)
            stream = container.streams.video[0]
            rate = max(1, round(stream.average_rate or Fraction(24)))
            shown = sum(1 for _ in container.decode(stream))
            wide, high = stream.codec_context.width, stream.codec_context.height
            return Reel(path, shown / rate, (wide // 2 * 2, high // 2 * 2), rate, sounding)
    except FFmpegError as trouble:
        raise Unreadable("it does not decode") from trouble


def pictures(reel: Reel) -> Iterator[Planes]:
    """Every frame."""
    with av.open(str(reel.path)) as container:
        for frame in container.decode(video=0):
            plain = frame.reformat(width=reel.size[0], height=reel.size[1], format="yuv420p")
            yield Planes(*(_plane(plain.planes[n]) for n in range(3)))


def _plane(plane: av.video.plane.VideoPlane) -> Image.Image:
    wide, high, line = plane.width, plane.height, plane.line_size
    image = Image.frombuffer("L", (line, high), bytes(plane), "raw", "L", 0, 1)
    return image.crop((0, 0, wide, high))


def picture_of(planes: Planes) -> Image.Image:
    """A frame as an RGB picture."""
    wide, high = planes.y.size
    frame = av.VideoFrame(wide, high, "yuv420p")
    for target, image in zip(frame.planes, (planes.y, planes.u, planes.v), strict=True):
        rows = image.crop((0, 0, target.line_size, image.height))
        target.update(rows.tobytes())
    found: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    return found


def sound_of(path: Path) -> Iterator[AudioFrame]:
    """The sound in the form that films are written with."""
    resampler = AudioResampler(format="fltp", layout="stereo", rate=RATE)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            frame.pts = None
            yield from resampler.resample(frame)
    yield from resampler.resample(None)


def loudness(frames: Iterator[AudioFrame], fps: int) -> list[float]:
    """How loud it is at each frame of a film, 0 to 1 of its loudest moment."""
    fifo = av.AudioFifo()
    step, heard = RATE // fps, []
    for frame in frames:
        frame.pts = None
        fifo.write(frame)
        while (block := fifo.read(step)) is not None:
            heard.append(_energy(block))
    most = max(heard, default=0.0) or 1.0
    return [each / most for each in heard]


def _energy(block: AudioFrame) -> float:
    """The mean size of some of the first channel's samples."""
    some = array("f", bytes(block.planes[0])[: block.samples * 4])[::8]
    return sum(map(abs, some)) / max(1, len(some))
