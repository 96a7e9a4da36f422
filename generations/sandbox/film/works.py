"""Makes what Kling's other products make: films out of films, mouths that move, sounds, speech.

Each maker is a function of what was ordered and of the files it names; equal ones give equal bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from av.audio.frame import AudioFrame
from PIL import Image, ImageChops, ImageOps

from generations.catalogue.params import Params
from generations.sandbox.film import encode, reel, sound, speech
from generations.sandbox.film.camera import Pose, pose_at
from generations.sandbox.film.caption import Caption
from generations.sandbox.film.layers import Canvas
from generations.sandbox.film.mood import read_prompt
from generations.sandbox.film.mouth import Mouth
from generations.sandbox.film.planes import Planes, Size
from generations.sandbox.film.reel import Reel
from generations.sandbox.film.stage import Photo, Scene, Stage

_SIDES = {"full": 720, "small": 180, "tiny": 64}
_RATES = {"full": 24, "small": 24, "tiny": 4}
_ADDED = 5  # seconds by which a film is extended
_SHAPES = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An order with the files it names, opened; `film` and `track` are where results go."""

    params: Params
    profile: str
    film: Path
    track: Path
    video: Reel | None = None
    audio: Path | None = None
    pictures: tuple[Image.Image, ...] = ()

    @property
    def fps(self) -> int:
        """The film's rate: that of the film it begins with, if any."""
        return self.video.fps if self.video and self.video.fps else _RATES[self.profile]

    @property
    def size(self) -> Size:
        """The film's size: that of the film or picture it begins with."""
        if self.video and self.video.fps:
            return self.video.size
        wide, high = _SHAPES[self.params.aspect_ratio or "16:9"]
        if self.pictures and not self.params.aspect_ratio:
            wide, high = self.pictures[0].size
        ratio = min(2.5, max(0.4, wide / high))
        side = _SIDES[self.profile]
        return (_even(side * max(ratio, 1.0)), _even(side * max(1 / ratio, 1.0)))

    def words(self, name: str) -> str:
        """A text of the order; empty when it has none."""
        return str(self.params.inputs.get(name, ""))


def make(job: Job) -> None:
    """Write the results of an order. Raises OSError for a file that cannot be read."""
    _MAKERS[job.params.task](job)


def _even(edge: float) -> int:
    return max(2, round(edge / 2) * 2)


# ------------------------------------------------------------------ what films begin with


def _stage(job: Job, number: int = 0) -> Stage:
    canvas = Canvas(*job.size)
    if number < len(job.pictures):
        return Photo(canvas, job.pictures[number], None)
    return Scene(canvas, job.params.prompt or job.params.task, job.params.seed)


def _played(job: Job, stage: Stage, seconds: float) -> Iterator[Planes]:
    total = round(seconds * job.fps)
    for k in range(total):
        progress = k / max(1, total - 1)
        yield stage.show(pose_at(job.params.camera_control, progress), progress, k / job.fps)


def _shown(job: Job) -> Iterator[Planes]:
    """The film it begins with; a painted one where none could be had."""
    if job.video and job.video.fps:
        return reel.pictures(job.video)
    return _played(job, _stage(job), job.params.duration or _ADDED)


def _heard(job: Job) -> Iterator[AudioFrame] | None:
    return reel.sound_of(job.video.path) if job.video and job.video.sounding else None


def _signed(job: Job, frames: Iterator[Planes], words: str) -> Iterator[Planes]:
    """What begins with a film of ours has its caption: two would lie over one another."""
    if job.video and job.video.path.suffix == ".mp4":
        yield from frames
        return
    caption = Caption(Canvas(*job.size), words)
    for frame in frames:
        caption.place(frame)
        yield frame


def _write(
    job: Job, frames: Iterator[Planes], words: str, track: Iterator[AudioFrame] | None
) -> None:
    encode.write_film(job.film, _signed(job, frames, words), job.size, job.fps, track)


# ------------------------------------------------------------------ films out of films


def _extend(job: Job) -> None:
    """The film itself, then its last picture, alive for five seconds more."""

    def frames() -> Iterator[Planes]:
        last = None
        for last in _shown(job):
            yield last
        if last is not None:
            still = Photo(Canvas(*job.size), reel.picture_of(last), None)
            yield from _played(job, still, _ADDED)

    track = _heard(job)
    if track is not None:
        more = sound.ambience(read_prompt(job.params.prompt, job.params.seed), _ADDED)
        track = chain(track, more)
    _write(job, frames(), f"extended {job.params.prompt}", track)


def _edited(planes: Planes, share: float) -> Planes:
    """Another light over the picture: what was blue turns red, and back."""
    return Planes(
        planes.y, Image.blend(planes.u, planes.v, share), Image.blend(planes.v, planes.u, share)
    )


def _omni(job: Job) -> None:
    """A base film in another light; else a picture or scene, with a film beside it if given."""
    params = job.params
    use = next((film.get("use") for film in params.inputs.get("videos", ())), "")
    if use == "base" and job.video:
        keep = any(film.get("keep_sound") for film in params.inputs["videos"])
        frames = (_edited(planes, 0.8) for planes in _shown(job))
        _write(job, frames, params.prompt, _heard(job) if keep else None)
        return
    track = None
    if params.sound:
        track = sound.ambience(read_prompt(params.prompt, params.seed), params.duration)
    alone = Job(
        params=params, profile=job.profile, film=job.film, track=job.track, pictures=job.pictures
    )
    _write(alone, _cut(alone, params.duration), params.prompt, track)


def _cut(job: Job, seconds: int) -> Iterator[Planes]:
    """Every picture in its turn, or the shots' scenes, or the one scene."""
    prompts = [shot.prompt for shot in job.params.multi_prompt]
    parts: list[Stage]
    if prompts:
        canvas = Canvas(*job.size)
        parts = [Scene(canvas, prompt, job.params.seed) for prompt in prompts]
        lengths = [float(shot.duration) for shot in job.params.multi_prompt]
    else:
        parts = [_stage(job, number) for number in range(max(1, len(job.pictures)))]
        lengths = [seconds / len(parts)] * len(parts)
    left = seconds * job.fps
    for position, (stage, length) in enumerate(zip(parts, lengths, strict=True), 1):
        count = left if position == len(parts) else round(length * job.fps)
        left -= count
        yield from _played(job, stage, count / job.fps)


def _edit(job: Job) -> None:
    """The film in another light, with what comes in shown small in a corner."""
    seconds, size = job.params.duration, job.size
    small = (_even(size[0] / 3), _even(size[1] / 3))
    guests = [Planes.of(ImageOps.fit(picture, small)) for picture in job.pictures]

    def frames() -> Iterator[Planes]:
        last, left = Planes.blank(size), seconds * job.fps
        for planes in _shown(job):
            last = _edited(planes, 0.5)
            for number, guest in enumerate(guests):
                last.paste(guest, (_even(size[0] * number / 2), 0), None)
            yield last
            left -= 1
            if left == 0:
                return
        for _ in range(left):
            yield last

    _write(job, frames(), job.params.prompt, None)


def _preview(job: Job) -> None:
    """The whole film in a faintly other light."""
    _write(job, (_edited(planes, 0.25) for planes in _shown(job)), "what is chosen", None)


def _together(job: Job) -> None:
    _write(job, _cut(job, job.params.duration), job.params.prompt, None)


def _motion(job: Job) -> None:
    """The picture, led by where the film is brightest from moment to moment."""
    lead = job.video if job.video and job.video.fps else None
    alone = Job(
        params=job.params, profile=job.profile, film=job.film, track=job.track,
        pictures=job.pictures,
    )  # fmt: skip
    stage, fps = _stage(alone), lead.fps if lead else alone.fps
    total = job.params.duration * fps

    def frames() -> Iterator[Planes]:
        paths = (_brightest(planes.y) for planes in reel.pictures(lead)) if lead else iter(())
        at = (0.0, 0.0)
        for k in range(total):
            at = next(paths, at)
            pose = Pose(turn_x=at[0], turn_y=at[1], zoom=1.05)
            yield stage.show(pose, k / total, k / fps)

    keep = job.params.inputs.get("keep_original_sound", True)
    words = f"{job.params.prompt} as the film moves"
    track = _heard(job) if keep else None
    encode.write_film(job.film, _signed(alone, frames(), words), alone.size, fps, track)


def _brightest(luma: Image.Image) -> tuple[float, float]:
    """Where the light is, from -1 to 1 each way."""
    small = luma.resize((9, 9))
    light = small.tobytes()
    whole = sum(light) or 1
    across = sum(value * (n % 9 - 4) for n, value in enumerate(light)) / whole
    down = sum(value * (n // 9 - 4) for n, value in enumerate(light)) / whole
    return (max(-1.0, min(1.0, across)), max(-1.0, min(1.0, down)))


# ------------------------------------------------------------------ effects


def _squeezed(image: Image.Image, wide: float, high: float) -> Image.Image:
    """The middle of the picture, stretched or squeezed inside its own size."""
    across, down = image.width / 2, image.height / 2
    matrix = (1 / wide, 0, across - across / wide, 0, 1 / high, down - down / high)
    return image.transform(
        image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=128
    )


def _turned(image: Image.Image, angle: float) -> Image.Image:
    return image.rotate(angle, Image.Resampling.BILINEAR, fillcolor=128)


def _lit(image: Image.Image, light: float) -> Image.Image:
    return ImageChops.add(image, Image.new("L", image.size, round(90 * light)))


_Trick = Callable[[Image.Image, float], Image.Image]
_TRICKS: tuple[_Trick, ...] = (
    lambda image, k: _squeezed(image, 1 + 0.35 * k, 1 - 0.45 * k),
    lambda image, k: _squeezed(image, 1 + 0.7 * k, 1 + 0.7 * k),
    lambda image, k: _turned(image, 50 * k),
    lambda image, k: _squeezed(image, 1 - 0.4 * k, 1 + 0.2 * k),
)


def _effect(job: Job) -> None:
    scene = job.words("effect_scene")
    trick = _TRICKS[sum(scene.encode()) % len(_TRICKS)]
    seconds = job.params.duration

    def frames() -> Iterator[Planes]:
        for number, planes in enumerate(_cut(job, seconds)):
            k = abs(math.sin(math.pi * number / (job.fps * 2.5)))
            yield Planes(_lit(trick(planes.y, k), 0.4 * k), trick(planes.u, k), trick(planes.v, k))

    _write(job, frames(), scene, None)


# ------------------------------------------------------------------ mouths


def _speaking(
    job: Job, frames: Iterator[Planes], voice: Callable[[], Iterator[AudioFrame]], words: str
) -> None:
    mouth = Mouth(job.size, reel.loudness(voice(), job.fps))
    moving = (mouth.placed(planes, number) for number, planes in enumerate(frames))
    _write(job, moving, words, voice())


def _lip_sync(job: Job) -> None:
    audio = job.audio
    if audio is not None:
        seconds = job.video.seconds if job.video else job.params.duration
        chosen: dict[str, float] = next(iter(job.params.inputs.get("faces") or ()), {})
        start = chosen.get("sound_insert_time", 0) / 1000
        _speaking(job, _shown(job), lambda: _placed(audio, start, seconds), "lip-sync")
        return
    text, voice = job.words("text"), job.words("voice")
    speed = float(job.params.inputs.get("speed") or 1)
    length = job.video.seconds if job.video else job.params.duration
    _speaking(
        job, _shown(job), lambda: sound.fitted(speech.spoken(text, voice, speed), 0, length), text
    )


def _placed(audio: Path, start: float, seconds: float) -> Iterator[AudioFrame]:
    return sound.fitted(reel.sound_of(audio), start, seconds)


def _avatar(job: Job) -> None:
    seconds, audio = job.params.duration, job.audio
    if audio is None:
        track = sound.ambience(read_prompt(job.params.prompt, job.params.seed), seconds)
        _write(job, _played(job, _stage(job), seconds), job.params.prompt, track)
        return
    frames = _played(job, _stage(job), seconds)
    _speaking(job, frames, lambda: _placed(audio, 0, seconds), job.params.prompt)


# ------------------------------------------------------------------ sounds


def _sound_for_film(job: Job) -> None:
    words = " ".join([job.words("sound_effect_prompt"), job.words("bgm_prompt")]).strip()
    mood = read_prompt(words or "a quiet place", job.params.seed)
    seconds = job.video.seconds if job.video else job.params.duration
    _write(job, _shown(job), words, sound.ambience(mood, seconds))
    encode.write_sound(job.track, sound.ambience(mood, seconds))


def _sounds(job: Job) -> None:
    mood = read_prompt(job.params.prompt, job.params.seed)
    encode.write_sound(job.track, sound.ambience(mood, float(job.params.inputs["seconds"])))


def _speech(job: Job) -> None:
    speed = float(job.params.inputs.get("speed") or 1)
    encode.write_sound(job.track, speech.spoken(job.words("text"), job.words("voice"), speed))


_MAKERS: dict[str, Callable[[Job], None]] = {
    "video-extend": _extend,
    "multi-image2video": _together,
    "omni-video": _omni,
    "motion-control": _motion,
    "effects": _effect,
    "multi-elements": _edit,
    "preview-selection": _preview,
    "lip-sync": _lip_sync,
    "advanced-lip-sync": _lip_sync,
    "avatar": _avatar,
    "video-to-audio": _sound_for_film,
    "text-to-audio": _sounds,
    "tts": _speech,
}
