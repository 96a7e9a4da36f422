"""Small films as files, good ones and bad ones."""

from __future__ import annotations

import array
import math
from pathlib import Path

import av
from PIL import Image

RATE = 24
_HZ = 48_000


def write(
    path: Path,
    *,
    seconds: float = 5.0,
    size: tuple[int, int] = (320, 180),
    videos: int = 1,
    sound: bool = False,
    faststart: bool = False,
) -> Path:
    """An MP4 whose frames differ; `videos` 0 leaves only the sound."""
    options = {"movflags": "+faststart"} if faststart else {}
    with av.open(str(path), "w", format="mp4", options=options) as out:
        streams = []
        for _ in range(videos):
            stream = out.add_stream("libx264", rate=RATE)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.options = {"preset": "ultrafast", "crf": "35"}
            streams.append(stream)
        tone = out.add_stream("aac", rate=_HZ) if sound or not videos else None
        for stream in streams:
            _paint(out, stream, size, round(seconds * RATE))
        if tone is not None:
            _hum(out, tone, seconds)
    return path


def _paint(
    out: av.container.OutputContainer,
    stream: av.VideoStream,
    size: tuple[int, int],
    frames: int,
) -> None:
    picture = Image.radial_gradient("L").resize(size).convert("RGB")
    for number in range(frames):
        turned = picture.rotate(number * 3)
        out.mux(stream.encode(av.VideoFrame.from_image(turned)))
    out.mux(stream.encode(None))


def _hum(out: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    for start in range(0, round(seconds * _HZ), 1024):
        wave = (math.sin(at * 440 * math.tau / _HZ) for at in range(start, start + 1024))
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.planes[0].update(array.array("f", wave).tobytes())
        frame.sample_rate, frame.pts = _HZ, start
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))
