"""What counts as a film: files that play are measured exactly, everything else is refused."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import av
import pytest
from PIL import Image

from generations import films
from generations.films import BadFilm, Film
from tests.generations import mp4


def examine(path: Path, seconds: int = 5) -> Film:
    return films.examine(path, seconds=seconds, alive=lambda: None)


def test_a_film_is_measured_exactly(tmp_path: Path) -> None:
    path = mp4.write(tmp_path / "film.mp4", size=(320, 180))
    film = examine(path)
    assert (film.width, film.height, film.duration_ms, film.has_sound) == (320, 180, 5000, False)
    assert film.size == path.stat().st_size
    assert film.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    poster = Image.open(io.BytesIO(film.poster))
    assert (poster.format, poster.size) == ("WEBP", (320, 180))


def test_sound_and_an_upright_picture_are_seen(tmp_path: Path) -> None:
    film = examine(mp4.write(tmp_path / "film.mp4", size=(180, 320), seconds=3, sound=True), 3)
    assert (film.width, film.height, film.duration_ms, film.has_sound) == (180, 320, 3000, True)


@pytest.mark.parametrize("seconds", [4.0, 4.5, 5.5, 6.0])
def test_a_fifth_more_or_less_is_still_the_film(tmp_path: Path, seconds: float) -> None:
    film = examine(mp4.write(tmp_path / "film.mp4", seconds=seconds))
    assert film.duration_ms == round(seconds * 1000)


@pytest.mark.parametrize(("made", "ordered"), [(2.2, 3), (3.1, 4), (2.0, 2), (3.5, 3)])
def test_what_follows_a_film_of_broken_seconds_is_the_film(
    tmp_path: Path, made: float, ordered: int
) -> None:
    film = examine(mp4.write(tmp_path / "film.mp4", seconds=made), ordered)
    assert film.duration_ms == pytest.approx(made * 1000, abs=50)


@pytest.mark.parametrize(
    ("seconds", "says"), [(3.9, "3.9 s long"), (6.2, "6.2 s long"), (1, "third")]
)
def test_a_film_of_another_length_is_refused(tmp_path: Path, seconds: float, says: str) -> None:
    with pytest.raises(BadFilm, match=says):
        examine(mp4.write(tmp_path / "film.mp4", seconds=seconds))


def test_only_one_video_stream_is_a_film(tmp_path: Path) -> None:
    with pytest.raises(BadFilm, match="0 video streams"):
        examine(mp4.write(tmp_path / "sound.mp4", videos=0))
    with pytest.raises(BadFilm, match="2 video streams"):
        examine(mp4.write(tmp_path / "two.mp4", videos=2))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.touch()
    with pytest.raises(BadFilm, match="empty"):
        examine(path)


@pytest.mark.parametrize("faststart", [False, True])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.7])
def test_a_film_cut_short_is_refused(tmp_path: Path, faststart: bool, share: float) -> None:
    path = mp4.write(tmp_path / "film.mp4", faststart=faststart)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadFilm):
        examine(path)


def test_a_damaged_film_is_refused(tmp_path: Path) -> None:
    path = mp4.write(tmp_path / "film.mp4", faststart=True)
    whole = bytearray(path.read_bytes())
    middle = whole.index(b"mdat") + 4
    whole[middle:] = b"\xaa" * (len(whole) - middle)
    path.write_bytes(whole)
    with pytest.raises(BadFilm):
        examine(path)


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><title>Sign in</title>",
        b'{"code": 500, "message": "try again"}',
        b"\x00" * 5000,
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        b"GIF89a",
        b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\nduration 5\n",
        b"WEBVTT\n\n00:00.000 --> 00:05.000\nhello\n",
    ],
    ids=["html", "json", "zeros", "head only", "gif", "playlist", "list of files", "subtitles"],
)
def test_what_is_not_a_film_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(BadFilm):
        examine(path)


def test_a_playlist_cannot_make_us_open_another_file(tmp_path: Path) -> None:
    mp4.write(tmp_path / "other.mp4")
    for name, text in (
        ("list.mp4", "ffconcat version 1.0\nfile other.mp4\n"),
        ("play.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nother.mp4\n#EXT-X-ENDLIST\n"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(BadFilm):
            examine(tmp_path / name)


def test_a_long_decode_says_that_it_is_alive(tmp_path: Path) -> None:
    signs: list[int] = []
    path = mp4.write(tmp_path / "film.mp4")
    films.examine(path, seconds=5, alive=lambda: signs.append(1))
    assert len(signs) == 2  # every 48 of 120 frames


def test_the_preview_is_three_silent_seconds(tmp_path: Path) -> None:
    films.preview(mp4.write(tmp_path / "film.mp4", sound=True), tmp_path / "preview.mp4")
    with av.open(str(tmp_path / "preview.mp4")) as container:
        assert len(container.streams.audio) == 0
        frames = list(container.decode(video=0))
    assert (frames[0].width, frames[0].height, len(frames)) == (320, 180, 36)


def test_there_is_no_preview_of_what_is_no_film(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"<html>")
    with pytest.raises(BadFilm):
        films.preview(tmp_path / "film.mp4", tmp_path / "preview.mp4")
