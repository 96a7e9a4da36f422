"""Films and sounds that customers send: measured, kept once, and refused when they are none."""

from __future__ import annotations

import base64
import io
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image

from accounts import tenancy
from accounts.actors import Actor
from generations import uploads
from generations.catalogue.params import Params
from generations.models import Upload
from generations.sandbox.film import encode, render, speech
from kling_saas.lib.refusals import Unavailable
from tests.generations.programs import Program, available
from tests.people import Customer
from tests.serving import Quiet, serving


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = Path(tmp_path_factory.mktemp("film")) / "film.mp4"
    render(
        Params(model="kling-v1", prompt="A fox", duration=3, sound=True), profile="tiny", path=path
    )
    return path.read_bytes()


@pytest.fixture(scope="module")
def mp3(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = Path(tmp_path_factory.mktemp("voice")) / "voice.mp3"
    encode.write_sound(path, speech.spoken("Good evening to everybody here", "v"))
    return path.read_bytes()


def wav(seconds: float, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * round(seconds * rate)))
    return out.getvalue()


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 400), "teal").save(out, "PNG")
    return out.getvalue()


def test_a_film_is_measured_and_the_same_bytes_are_one_upload(api: Program, film: bytes) -> None:
    first, second = (api.post("/uploads", data=film).json() for _ in range(2))
    assert first["id"] == second["id"]
    assert (first["content_type"], first["bytes"], first["duration"]) == (
        "video/mp4", len(film), 3.0
    )  # fmt: skip
    assert (first["width"], first["height"]) == (114, 64)


def test_a_film_of_another_size_or_rate_than_kling_takes_is_refused_before_it_is_priced(
    api: Program, film: bytes
) -> None:
    small = api.post("/uploads", data=film).json()["id"]
    order = {"task": "motion-control", "image": "https://example.com/a.png", "video": small,
             "mode": "std", "character_orientation": "video"}  # fmt: skip
    (told,) = api.post("/quotes", order).json()["violations"]
    assert (told["field"], told["code"]) == ("video", "out_of_range")
    assert "114×64 pixels" in told["message"]
    assert "340 to 3850 pixels a side" in told["message"]
    assert api.post("/quotes", {"task": "video-to-audio", "video": small}).status_code == 201


def test_sounds_are_told_by_their_bytes(api: Program, mp3: bytes) -> None:
    told = api.post("/uploads", files={"file": ("a.txt", mp3)}).json()
    assert told["content_type"] == "audio/mpeg"
    assert 1 < told["duration"] < 3
    told = api.post("/uploads", data=wav(2.5)).json()
    assert (told["content_type"], told["duration"]) == ("audio/wav", 2.5)


@pytest.mark.parametrize(
    "content", [b"\0\0\0\x18ftypmp42" + bytes(500), b"ID3" + bytes(500), wav(0.01), b"RIFF"]
)
def test_what_does_not_play_is_refused(api: Program, content: bytes) -> None:
    assert api.post("/uploads", data=content).status_code == 422


def test_a_film_cut_short_is_as_long_as_what_is_left(api: Program, film: bytes) -> None:
    answer = api.post("/uploads", data=film[: len(film) // 2])
    assert answer.status_code == 422 or answer.json()["duration"] < 3


def test_a_sound_is_no_film_and_a_film_no_picture(api: Program, film: bytes) -> None:
    sound = api.post("/uploads", data=wav(3)).json()["id"]
    seen = api.post("/uploads", data=film).json()["id"]
    order = {"task": "lip-sync", "video": sound, "text": "Hi", "voice": "AOT"}
    told = api.post("/quotes", order).json()["violations"]
    assert [(v["field"], v["code"]) for v in told] == [("video", "bad_media")]
    assert f"video: {sound} is of kind audio, not video: send " in told[0]["message"]
    for name, order in (
        ("audio", {"task": "avatar", "image": "https://example.com/a.png", "audio": seen}),
        ("image", {"model": "kling-v1", "image": seen}),
    ):
        (told,) = api.post("/quotes", order).json()["violations"]
        assert (told["field"], told["code"]) == (name, "bad_media")
        assert f"{seen} is of kind video" in told["message"]


def test_an_image_that_cannot_be_used_is_told_beside_everything_else(api: Program) -> None:
    bad = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(500)).decode()
    wrong = {"duration": 7, "image": bad, "image_tail": "upl_unknown", "deadline": 0}
    for task, named in (
        ({"model": "kling-v1"}, {"duration", "image", "image_tail", "deadline"}),
        ({"task": "avatar"}, {"duration", "image", "image_tail", "deadline", "audio"}),
    ):
        told = api.post("/generations", {**task, **wrong}).json()["violations"]
        assert {v["field"] for v in told} == named
        assert len(told) == len(named)


def test_everything_that_is_named_and_is_not_there_is_told_at_once(api: Program) -> None:
    for wrong in ({"image": "upl_none"}, {"image": "gen_x"}, {"image": "gen_x", "mode": "best"}):
        order = {"task": "avatar", "audio": "upl_nope", **wrong}
        told = api.post("/quotes", order).json()["violations"]
        assert {v["field"] for v in told} == {"audio", *wrong}
        assert len(told) == 1 + len(wrong)


def test_a_sound_at_an_address_is_read_when_it_is_ordered(api: Program, links: str) -> None:
    order = {"task": "custom-voice", "voice_name": "me", "audio": f"{links}/gone", "dry_run": True}
    (told,) = api.post("/generations", order).json()["violations"]
    assert (told["field"], told["code"]) == ("audio", "bad_media")
    assert "the address cannot be read (HTTP 403): upload the file" in told["message"]
    told = api.post("/generations", {**order, "audio": f"{links}/kling"}).json()
    assert told["violations"][0]["message"] == "audio is 4.0 s long: send one of 5 to 30 s."


def test_what_another_sent_does_not_exist(api: Program, mallory: Program, film: bytes) -> None:
    theirs = mallory.post("/uploads", data=film).json()["id"]
    order = {"task": "lip-sync", "video": theirs, "text": "Hi", "voice": "AOT"}
    told = api.post("/quotes", order).json()["violations"]
    assert [v["code"] for v in told] == ["unknown_upload"]


def test_bytes_in_the_order_are_priced_by_their_length(api: Program) -> None:
    voice = "data:audio/wav;base64," + base64.b64encode(wav(4)).decode()
    order = {"task": "avatar", "image": "https://example.com/a.png", "audio": voice}
    assert api.post("/quotes", order).json()["credits"] == 16


def test_a_sound_that_is_larger_than_kling_takes_is_refused_before_it_is_priced(
    api: Program,
) -> None:
    order = {"task": "avatar", "image": "https://example.com/a.png"}
    sound = api.post("/uploads", data=wav(30, rate=96_000)).json()
    assert sound["bytes"] > 5 * 2**20
    told = api.post("/quotes", {**order, "audio": sound["id"]}).json()["violations"]
    assert [(v["field"], v["code"]) for v in told] == [("audio", "too_large")]
    assert "larger than 5 MB" in told[0]["message"]


@pytest.fixture
def links() -> Iterator[str]:
    """Where `/native` and `/kling` are a sound that somebody else keeps, each good for one look."""
    left = {"/native", "/kling"}

    class Handler(Quiet):
        def get(self) -> None:
            good = self.path in left
            left.discard(self.path)
            self.answer(200 if good else 403, wav(4) if good else b"this link has ended")

    with serving(Handler) as address:
        yield address


def test_an_accepted_order_is_answered_again_though_its_link_has_ended(
    api: Program, alice: Customer, links: str
) -> None:
    order = {
        "task": "avatar", "image": "https://example.com/a.png", "audio": f"{links}/native"
    }  # fmt: skip
    key = {"Idempotency-Key": "avatar-1"}
    first = api.post("/generations", order, headers=key)
    again = api.post("/generations", order, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert available(alice) == 10_000 - 16
    assert api.post("/generations", order).json()["violations"][0]["code"] == "bad_media"
    other = api.post("/generations", {**order, "audio": f"{links}/kling"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_task_id_names_the_accepted_order_though_its_link_has_ended(
    site: str, alice: Customer, links: str
) -> None:
    kling = Program(f"{site}/kling", Authorization=f"Bearer {alice.test_key}")
    order = {
        "image": "https://example.com/a.png",
        "sound_file": f"{links}/kling",
        "external_task_id": "mine-1",
    }
    path = "/v1/videos/avatar/image2video"
    first, again = kling.post(path, order), kling.post(path, order)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["data"]["task_id"] == first.json()["data"]["task_id"]
    assert available(alice) == 10_000 - 16


def test_while_the_storage_is_out_every_door_asks_to_come_again_and_nothing_is_kept(
    site: str, api: Program, alice: Customer
) -> None:
    place = Path(settings.MEDIA_ROOT) / "inputs" / str(alice.organisation.pk)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("no folder can be made here")
    picture = _picture()
    sent = {"image": base64.b64encode(picture).decode()}
    kling = Program(f"{site}/kling", Authorization=f"Bearer {alice.test_key}")
    segmind = Program(f"{site}/segmind", **{"x-api-key": alice.test_key})
    order = {"prompt": "A fox", **sent}
    refused = [
        api.post("/uploads", data=picture),
        api.post("/uploads", data=wav(3)),
        api.post("/generations", {"model": "kling-v1", **order}, headers={"Idempotency-Key": "k"}),
        kling.post("/v1/videos/image2video", {"model_name": "kling-v1", **order}),
        segmind.post("/v2/kling-image2video", order),
    ]
    assert [a.status_code for a in refused] == [503, 503, 503, 503, 500]
    assert {a.headers["Retry-After"] for a in refused} == {"5"}
    assert [refused[n].json()["code"] for n in (0, 2, 3)] == ["unavailable", "unavailable", 5001]
    browser = Client(raise_request_exception=False, headers={"Host": "127.0.0.1"})
    browser.force_login(alice.user)
    form = {"model": "kling-v1", "prompt": "A fox", "image_file": io.BytesIO(picture)}
    page = browser.post("/app/studio", form)
    assert (page.status_code, b"Our storage did not take the file" in page.content) == (503, True)
    assert b"A fox" in page.content
    assert available(alice) == 10_000
    with tenancy.scope(alice.organisation.pk):
        assert not Upload.objects.filter(organisation=alice.organisation).exists()

    place.unlink()
    again = api.post(
        "/generations", {"model": "kling-v1", **order}, headers={"Idempotency-Key": "k"}
    )
    assert again.status_code == 202


def test_a_full_disk_is_our_trouble_and_nothing_is_kept(
    alice: Customer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    actor = Actor(organisation_id=alice.organisation.pk, livemode=False)
    with pytest.raises(Unavailable, match="send it again"):
        uploads.store_any(actor, wav(3), field="file")
    with tenancy.scope(alice.organisation.pk):
        assert not Upload.objects.filter(organisation=alice.organisation).exists()
