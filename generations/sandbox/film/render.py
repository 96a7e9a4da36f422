"""From an order to a film file: format, shots, camera, caption, sound."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from PIL import Image

from generations.catalogue import registry
from generations.catalogue.params import Params, Shot
from generations.sandbox.film import encode, sound
from generations.sandbox.film.brush import Brushed, Stroke
from generations.sandbox.film.camera import pose_at
from generations.sandbox.film.caption import Caption
from generations.sandbox.film.layers import Canvas
from generations.sandbox.film.mood import read_prompt
from generations.sandbox.film.planes import Ink, Planes, Size
from generations.sandbox.film.stage import Lens, Photo, Scene, Stage, open_picture

Profile = Literal["full", "small", "tiny"]
_LARGEST_DRAWN = 1080
_SMALL_SIDE = 180
_TINY_SIDE = 64
_TINY_RATE = 4  # frames a second: such a film costs 20 ms, and campaigns make thousands
_WIDEST = 2.5


def render(
    params: Params,
    *,
    profile: Profile,
    path: Path,
    first: bytes | None = None,
    last: bytes | None = None,
    masks: Sequence[bytes | None] = (),
) -> None:
    """Write the film of `params` to `path`: exactly `duration` seconds, H.264, AAC if it has sound.

    `first`, `last` and `masks` are the contents of `image`, `image_tail` and `dynamic_masks`, where
    they could be had.
    Size and frame rate are the model's. Equal arguments give equal bytes. Raises OSError for a
    picture that is none, UnknownModel for a model that is not in the catalogue.
    """
    pictures = [open_picture(content) for content in (first, last) if content]
    spec = registry.get(params.model)
    size = _size(params, spec.frame_size(params.mode, params.aspect_ratio), pictures)
    if profile == "tiny":
        _write_card(params, _scaled(size, _TINY_SIDE), path)
        return
    if profile == "small":
        size = _scaled(size, _SMALL_SIDE)
    canvas = Canvas(*_scaled(size, min(*size, _LARGEST_DRAWN)))
    shots = params.multi_prompt or (Shot(params.prompt, params.duration),)
    seconds = sum(shot.duration for shot in shots)
    words = " ".join(shot.prompt for shot in shots)
    track = sound.ambience(read_prompt(words, params.seed), seconds) if params.sound else None
    fps = spec.fps(params.kind)
    strokes = [
        (Image.open(io.BytesIO(content)), each.trajectories)
        for content, each in zip(masks, params.dynamic_masks, strict=False)
        if content and pictures
    ]
    frames = _frames(params, canvas, shots, pictures, fps, strokes)
    encode.write_film(path, frames, size, fps, track)


def _write_card(params: Params, size: Size, path: Path) -> None:
    """A plain card in a colour of the order's own, with a bar that fills as time goes by."""
    shade = bytes.fromhex(fingerprint(params)[:6])
    card, bar = Ink.of((shade[0], shade[1], shade[2])), Ink.of((255, 255, 255))
    seconds = sum(shot.duration for shot in params.multi_prompt) or params.duration

    def frames() -> Iterator[Planes]:
        total = seconds * _TINY_RATE
        for k in range(total):
            frame = Planes.blank(size)
            frame.fill(card, (0, 0, *size))
            frame.fill(bar, (0, _even(size[1] / 2), _even(size[0] * (k + 1) / total), size[1]))
            yield frame

    track = sound.ambience(read_prompt(params.prompt, params.seed), seconds)
    encode.write_film(path, frames(), size, _TINY_RATE, track if params.sound else None)


def fingerprint(params: Params) -> str:
    """A hash of the order, as hex: what a film's content depends on besides its pictures."""
    ordered = json.dumps(params.to_json(), sort_keys=True)
    return hashlib.sha256(ordered.encode()).hexdigest()


def _frames(
    params: Params,
    canvas: Canvas,
    shots: tuple[Shot, ...],
    pictures: list[Image.Image],
    fps: int,
    strokes: Sequence[Stroke],
) -> Iterator[Planes]:
    """Every frame of the film, shot after shot. The first shot of an image film shows the image."""
    lens = Lens(canvas, int(fingerprint(params)[:12], 16))
    for number, shot in enumerate(shots):
        stage: Stage
        if strokes:
            stage = Brushed(canvas, pictures[0], strokes)
        elif pictures and number == 0:
            stage = Photo(canvas, pictures[0], pictures[1] if len(pictures) > 1 else None)
        else:
            stage = Scene(canvas, shot.prompt, params.seed)
        caption = Caption(canvas, shot.prompt)
        total = shot.duration * fps
        for k in range(total):
            progress = k / max(1, total - 1)
            pose = pose_at(params.camera_control, progress)
            frame = lens.look(stage.show(pose, progress, k / fps), pose, k)
            caption.place(frame)
            yield frame


def _size(params: Params, usual: Size, pictures: list[Image.Image]) -> Size:
    """The film's size: where no ratio was asked for, the picture's own shape decides."""
    if params.aspect_ratio or not pictures:
        return usual
    wide, high = pictures[0].size
    ratio = min(_WIDEST, max(1 / _WIDEST, wide / high))
    side = min(usual)
    return (_even(side * max(ratio, 1.0)), _even(side * max(1 / ratio, 1.0)))


def _scaled(size: Size, side: int) -> Size:
    """The same shape with a shorter side of `side`, edges even."""
    factor = side / min(size)
    return (_even(size[0] * factor), _even(size[1] * factor))


def _even(edge: float) -> int:
    return round(edge / 2) * 2
