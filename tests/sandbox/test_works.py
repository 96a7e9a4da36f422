"""What the sandbox makes of Kling's other products: equal orders, equal bytes, and true to them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from generations.catalogue.params import Params, Shot
from generations.sandbox import renderer
from generations.sandbox.film import encode, reel, render, speech, works
from tests.serving import Quiet, serving

FILM = Params(model="kling-v1", prompt="A fox in the snow", duration=3, sound=True)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    render(FILM, profile="small", path=path)
    return path


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("voice") / "voice.mp3"
    encode.write_sound(path, speech.spoken("Good evening to everybody", "v"))
    return path


def made(folder: Path, film: Path | None = None, voice: Path | None = None, **order: Any) -> Path:
    """The folder with `film.mp4` and `track.mp3` as the order has them."""
    inputs = order.pop("inputs", {})
    folder.mkdir()
    works.make(
        works.Job(
            params=Params(model="m", inputs=inputs, **order),
            profile="small",
            film=folder / "film.mp4",
            track=folder / "track.mp3",
            video=reel.open_reel(film) if film else None,
            audio=voice,
            pictures=(Image.new("RGB", (400, 300), "teal"), Image.new("RGB", (400, 300), "red")),
        )
    )
    return folder


def picture(path: Path, number: int) -> Image.Image:
    """One frame of a film."""
    for at, planes in enumerate(reel.pictures(reel.open_reel(path))):
        if at == number:
            return reel.picture_of(planes)
    raise AssertionError(f"{path} has no frame {number}")


ORDERS: dict[str, dict[str, Any]] = {
    "multi-image2video": {"duration": 2},
    "omni-video": {"duration": 2, "multi_prompt": (Shot("A", 1), Shot("B", 1)), "sound": True},
    "motion-control": {"duration": 2},
    "effects": {"duration": 2, "inputs": {"effect_scene": "squish"}},
    "multi-elements": {"duration": 2},
    "lip-sync": {"inputs": {"text": "Hello there", "voice": "v"}},
    "avatar": {"duration": 2},
    "video-to-audio": {"inputs": {"bgm_prompt": "harp"}},
    "text-to-audio": {"inputs": {"seconds": 3.5}},
    "tts": {"inputs": {"text": "Hello there", "voice": "v"}},
    "video-extend": {"prompt": "It runs"},
}


@pytest.mark.parametrize("task", ORDERS)
def test_equal_orders_give_equal_bytes(tmp_path: Path, film: Path, voice: Path, task: str) -> None:
    sounding = task in ("avatar",)
    twice = [
        made(tmp_path / name, film, voice if sounding else None, task=task, seed=7, **ORDERS[task])
        for name in ("one", "two")
    ]
    files = [sorted(path.name for path in folder.iterdir()) for folder in twice]
    assert files[0] == files[1] != []
    for name in files[0]:
        assert (twice[0] / name).read_bytes() == (twice[1] / name).read_bytes()


def test_an_extended_film_is_the_film_and_five_seconds_more(tmp_path: Path, film: Path) -> None:
    longer = made(tmp_path / "x", film, task="video-extend", prompt="It runs") / "film.mp4"
    found = reel.open_reel(longer)
    assert (found.seconds, found.sounding, found.size) == (8.0, True, reel.open_reel(film).size)
    difference = ImageChops.difference(picture(film, 20), picture(longer, 20))
    assert max(high for _, high in difference.getextrema()) < 60


def test_a_mouth_is_open_while_it_is_loud_and_shut_in_silence(
    tmp_path: Path, film: Path, voice: Path
) -> None:
    faces = [{"face_id": "0", "sound_insert_time": 1500}]
    synced = made(
        tmp_path / "x", film, voice, task="advanced-lip-sync", inputs={"faces": faces}
    ) / "film.mp4"  # fmt: skip
    opened = reel.open_reel(synced)
    loud = reel.loudness(reel.sound_of(synced), opened.fps)
    speaks = round(1.5 * opened.fps)
    assert max(loud[: speaks - 2]) < 0.05
    assert max(loud[speaks:]) > 0.5
    most = speaks + loud[speaks:].index(max(loud[speaks:]))
    wide, high = opened.size
    inside = (wide // 2, round(high * 0.64) - 8)
    shut, open_ = picture(synced, 5).getpixel(inside), picture(synced, most).getpixel(inside)
    assert sum(open_) < 120 < sum(shut)  # type: ignore[arg-type]


def test_speech_takes_as_long_as_its_text_and_pace() -> None:
    def seconds(text: str, speed: float = 1.0) -> float:
        return sum(frame.samples for frame in speech.spoken(text, "v", speed)) / 48_000

    short, long = seconds("Hello"), seconds("Good evening, dear friends. It is a pleasure.")
    assert short == pytest.approx(1.0, abs=0.05)
    assert 2.5 < long < 6
    assert seconds("Good evening, dear friends. It is a pleasure.", 2.0) == pytest.approx(
        long / 2, abs=0.1
    )


@pytest.mark.parametrize("content", [b"", b"no film", bytes(5000)])
def test_what_is_no_film_is_refused_not_drawn(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(io.BytesIO(content).read())
    with pytest.raises(OSError, match=r"^it does not decode$"):
        reel.open_reel(path)


def test_what_cannot_be_fetched_is_told_in_words() -> None:
    with serving(Quiet) as address, pytest.raises(OSError, match=r"^its address answers HTTP 501$"):
        renderer.fetch(f"{address}/a.mp3", 10)
    with pytest.raises(OSError, match=r"^its address does not answer$"):
        renderer.fetch(f"{address}/a.mp3", 10)
