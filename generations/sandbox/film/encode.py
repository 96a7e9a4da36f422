"""Frames and sound into an MP4: H.264 High, AAC, index in front, equal bytes for equal input."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from generations.sandbox.film.planes import Planes, Size
from generations.sandbox.film.sound import RATE

_AAC_FRAME, _MP3_FRAME = 1024, 1152


def write_film(
    path: Path, frames: Iterable[Planes], size: Size, fps: int, sound: Iterable[AudioFrame] | None
) -> None:
    """Encode `frames` (even size, any) at `size` and `fps` into `path`, with `sound` if given."""
    flags = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="mp4", options=flags) as film:
        video = _video_stream(film, size, fps)
        audio = _audio_stream(film) if sound is not None else None
        for number, planes in enumerate(frames):
            frame = _frame(planes, number, fps)
            if (frame.width, frame.height) != size:
                frame = frame.reformat(width=size[0], height=size[1])
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
        if audio is not None and sound is not None:
            _write_blocks(film, audio, sound, _AAC_FRAME)


def write_sound(path: Path, sound: Iterable[AudioFrame]) -> None:
    """Encode a sound alone into `path` as MP3."""
    flags = {"fflags": "+bitexact", "write_xing": "1", "id3v2_version": "0"}
    with av.open(str(path), "w", format="mp3", options=flags) as made:
        stream = made.add_stream("libmp3lame", rate=RATE, layout="stereo")
        stream.bit_rate = 128_000
        stream.codec_context.flags |= int(av.codec.context.Flags.bitexact)
        _write_blocks(made, stream, sound, stream.codec_context.frame_size or _MP3_FRAME)


def _video_stream(film: OutputContainer, size: Size, fps: int) -> VideoStream:
    # One thread, and no looking ahead: with more threads x264 decides by timing, and its macroblock
    # tree by where memory happens to lie (measured), so that equal requests give unequal bytes.
    options = {
        "preset": "veryfast",
        "crf": "23",
        "profile": "high",
        "threads": "1",
        "x264-params": "rc-lookahead=0:subme=1",
    }
    stream = film.add_stream("libx264", rate=fps, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.thread_count = 1
    stream.codec_context.gop_size = fps * 2
    stream.codec_context.time_base = Fraction(1, fps)
    stream.codec_context.color_range = 1
    stream.codec_context.colorspace = 1
    stream.codec_context.color_primaries = 1
    stream.codec_context.color_trc = 1
    stream.codec_context.flags |= int(av.codec.context.Flags.bitexact)
    return stream


def _audio_stream(film: OutputContainer) -> AudioStream:
    stream = film.add_stream("aac", rate=RATE, layout="stereo")
    stream.bit_rate = 128_000
    stream.codec_context.flags |= int(av.codec.context.Flags.bitexact)
    return stream


def _write_blocks(
    film: OutputContainer, stream: AudioStream, sound: Iterable[AudioFrame], size: int
) -> None:
    """Whole encoder frames only: a last part-frame would outlast the picture."""
    fifo = av.AudioFifo()
    written = 0
    for frame in sound:
        frame.pts = None
        fifo.write(frame)
        while (block := fifo.read(size)) is not None:
            block.pts, block.time_base = written, Fraction(1, RATE)
            written += size
            film.mux(stream.encode(block))
    film.mux(stream.encode(None))


def _frame(planes: Planes, number: int, fps: int) -> VideoFrame:
    frame = VideoFrame(planes.y.width, planes.y.height, "yuv420p")
    for target, image in zip(frame.planes, (planes.y, planes.u, planes.v), strict=True):
        target.update(_padded(image, target.line_size))
    frame.pts, frame.time_base = number, Fraction(1, fps)
    return frame


def _padded(image: Image.Image, line: int) -> bytes:
    """The image's bytes with each row filled up to the encoder's line length."""
    if image.width == line:
        return image.tobytes()
    return image.crop((0, 0, line, image.height)).tobytes()
