"""The renderer: films have the ordered form and are equal for equal orders."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from generations.catalogue.params import CameraControl, DynamicMask, Params, Shot
from generations.sandbox.film import reel, render
from generations.sandbox.film.camera import pose_at
from generations.sandbox.film.mood import read_prompt
from tests.sandbox.upstream import probe


def film(folder: Path, params: Params, **pictures: bytes) -> bytes:
    path = folder / "film.mp4"
    render(params, profile="small", path=path, **pictures)
    return path.read_bytes()


def picture(colour: str, size: tuple[int, int]) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize(
    ("ratio", "size"), [("16:9", (320, 180)), ("9:16", (180, 320)), ("1:1", (180, 180))]
)
def test_a_film_has_the_ratio_and_length_that_were_ordered(
    tmp_path: Path, ratio: str, size: tuple[int, int]
) -> None:
    found = probe(film(tmp_path, Params(model="kling-v1", prompt="Sea", aspect_ratio=ratio)))
    assert found["size"] == size
    assert found["seconds"] == 5
    assert found["container_seconds"] == 5
    assert found["fps"] == 30
    assert found["codec"] == ("h264", "yuv420p")
    assert found["sound"] == []


def test_a_professional_film_is_full_hd_with_its_index_in_front(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    order = Params(model="kling-v3", mode="pro", duration=3, prompt="Space", aspect_ratio="16:9")
    render(order, profile="full", path=path)
    content = path.read_bytes()
    found = probe(content)
    assert found["size"] == (1920, 1080)
    assert found["fps"] == 24
    assert found["seconds"] == 3
    assert content.index(b"moov") < content.index(b"mdat")


def test_a_film_with_sound_has_an_aac_track_and_is_no_longer_for_it(tmp_path: Path) -> None:
    found = probe(film(tmp_path, Params(model="kling-v2-6", mode="pro", prompt="Sea", sound=True)))
    assert found["sound"] == ["aac"]
    assert found["container_seconds"] == 5


def test_equal_orders_with_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    order = Params(model="kling-v2-6", mode="pro", prompt="A city at night", sound=True, seed=7)
    other = Params(model="kling-v2-6", mode="pro", prompt="A city at night", sound=True, seed=8)
    assert film(tmp_path, order) == film(tmp_path, order)
    assert film(tmp_path, order) != film(tmp_path, other)


def test_the_shots_of_a_film_add_up_to_its_length(tmp_path: Path) -> None:
    shots = (Shot("A forest", 1), Shot("A desert", 2))
    found = probe(film(tmp_path, Params(model="kling-v3", duration=3, multi_prompt=shots)))
    assert found["seconds"] == 3


def test_an_image_gives_the_film_its_shape_and_its_first_colour(tmp_path: Path) -> None:
    order = Params(model="kling-v1-6", mode="pro", prompt="It moves", image="x", image_tail="y")
    red, blue = picture("red", (600, 400)), picture("blue", (600, 400))
    assert probe(film(tmp_path, order, first=red, last=blue))["size"] == (270, 180)


def test_bytes_that_are_no_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot identify"):
        film(tmp_path, Params(model="kling-v1", prompt="", image="x"), first=b"nothing")


@pytest.mark.parametrize("axis", ["horizontal", "vertical", "pan", "tilt", "roll", "zoom"])
def test_the_sign_of_an_axis_turns_its_move_around(axis: str) -> None:
    there = CameraControl("simple", axis, 8.0)
    back = CameraControl("simple", axis, -8.0)
    assert pose_at(there, 0.0) == pose_at(back, 1.0)
    assert pose_at(there, 1.0) == pose_at(back, 0.0)
    assert pose_at(there, 0.0) != pose_at(there, 1.0)


@pytest.mark.parametrize(
    "preset", ["down_back", "forward_up", "right_turn_forward", "left_turn_forward"]
)
def test_every_preset_moves_the_camera_and_zooms(preset: str) -> None:
    start, end = pose_at(CameraControl(preset), 0.0), pose_at(CameraControl(preset), 1.0)
    assert start.zoom != end.zoom
    assert (start.turn_x, start.walk_y) != (end.turn_x, end.walk_y)


@pytest.mark.parametrize(
    ("prompt", "place", "hour"),
    [
        ("Waves on the ocean at sunset", "sea", "sunset"),
        ("A neon cyberpunk street", "city", "neon"),
        ("An astronaut near a planet", "space", "night"),
        ("Misty pine forest at dawn", "forest", "dawn"),
    ],
)
def test_the_words_of_a_prompt_choose_place_and_hour(prompt: str, place: str, hour: str) -> None:
    mood = read_prompt(prompt, None)
    assert (mood.place, mood.hour) == (place, hour)


def test_what_a_motion_brush_covers_moves_along_its_path(tmp_path: Path) -> None:
    scene = Image.new("RGB", (640, 360), (10, 40, 160))
    scene.paste((250, 240, 60), (280, 140, 360, 220))
    mask = Image.new("L", scene.size, 0)
    mask.paste(255, (270, 130, 370, 230))
    sent = []
    for image in (scene, mask):
        out = io.BytesIO()
        image.save(out, "PNG")
        sent.append(out.getvalue())
    brush = DynamicMask(base64.b64encode(sent[1]).decode(), ((320, 180), (520, 180)))
    order = Params(model="kling-v1", image="a", dynamic_masks=(brush,), duration=5)
    path = tmp_path / "film.mp4"
    render(order, profile="small", path=path, first=sent[0], masks=[sent[1]])
    opened = reel.open_reel(path)
    frames = list(reel.pictures(opened))
    begins, ends = (_brightest(frames[n].y) for n in (0, len(frames) - 1))
    assert opened.seconds == 5
    assert 90 < ends - begins < 150  # of 320 pixels; the path is 200 of 640, seen from nearer


def _brightest(luma: Image.Image) -> int:
    """The last column that shines, the caption left out."""
    wide, high = luma.size
    columns = luma.crop((0, 0, wide, round(high * 0.8))).point(lambda v: 255 if v > 170 else 0)
    box = columns.getbbox()
    assert box is not None
    return box[2]
