"""OpenAI's door: its own Python client with another base URL and key, and nothing else changed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import openai
import pytest
from hypothesis import given
from PIL import Image

from generations.compat.openai.errors import refuse, refuse_order
from generations.errors import NoProvider
from kling_saas.lib.refusals import Unavailable
from tests.generations import any_json
from tests.generations.programs import Program, available, funded, settled
from tests.people import Customer

if TYPE_CHECKING:
    from pathlib import Path

VIDEOS = "/v1/videos"
FILM = {"prompt": "A paper boat on a rainy street"}
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


def client_of(site: str, key: str) -> openai.OpenAI:
    """OpenAI's client as its users make it."""
    return openai.OpenAI(base_url=f"{site}/openai/v1", api_key=key)


@pytest.fixture
def client(site: str, alice: Customer) -> Iterator[openai.OpenAI]:
    """Alice's."""
    with client_of(site, alice.test_key) as made:
        yield made


@pytest.fixture
def raw(site: str, alice: Customer) -> Program:
    """The same door without OpenAI's client."""
    return Program(f"{site}/openai", Authorization=f"Bearer {alice.test_key}")


def picture(width: int = 640, height: int = 360) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    out.seek(0)
    out.name = "reference.png"
    return out


def test_a_film_is_made_downloaded_remixed_and_listed(
    client: openai.OpenAI, api: Program, alice: Customer, tmp_path: Path
) -> None:
    made = client.videos.create_and_poll(**FILM, seconds="8", size="1280x720", poll_interval_ms=200)
    assert (made.status, made.progress, made.error) == ("completed", 100, None)
    assert (made.object, made.model, made.seconds) == ("video", "sora-2", "8")
    assert made.completed_at is not None
    assert made.created_at <= made.completed_at
    assert (made.prompt, made.remixed_from_video_id) == (FILM["prompt"], None)
    width, height = map(int, made.size.split("x"))
    assert width / height == pytest.approx(16 / 9, abs=0.05)
    ordered = api.get(f"/generations/{made.id}").json()
    assert (ordered["input"]["model"], ordered["input"]["mode"]) == ("kling-v3", "std")
    assert (ordered["input"]["sound"], ordered["input"]["aspect_ratio"]) == (True, "16:9")
    assert (ordered["credits"]["charged"], available(alice)) == (72, 10_000 - 72)

    film = client.videos.download_content(made.id)
    film.write_to_file(tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").stat().st_size == ordered["video"]["bytes"]
    with client.videos.with_streaming_response.download_content(
        made.id, extra_headers={"Range": "bytes=4-7"}
    ) as part:
        assert (part.status_code, part.read()) == (206, b"ftyp")
    poster = client.videos.download_content(made.id, variant="thumbnail").read()
    assert Image.open(io.BytesIO(poster)).format == "WEBP"

    remixed = client.videos.remix(made.id, prompt="The same boat at night")
    assert (remixed.remixed_from_video_id, remixed.prompt) == (made.id, "The same boat at night")
    assert (remixed.status, remixed.progress, remixed.model) == ("queued", 0, "sora-2")
    again = api.get(f"/generations/{remixed.id}").json()["input"]
    assert again == {**ordered["input"], "prompt": "The same boat at night"}

    assert [each.id for each in client.videos.list()] == [remixed.id, made.id]
    # By pages of one, as the client turns them itself.
    assert [each.id for each in client.videos.list(limit=1)] == [remixed.id, made.id]
    assert [each.id for each in client.videos.list(limit=1, order="asc")] == [made.id, remixed.id]
    assert client.videos.list(after=remixed.id).data[0].id == made.id

    for _ in range(2):  # the client sends it again where an answer is lost
        gone = client.videos.delete(made.id)
        assert (gone.id, gone.object, gone.deleted) == (made.id, "video.deleted", True)
    assert [each.id for each in client.videos.list()] == [remixed.id]
    for ask in (client.videos.retrieve, client.videos.download_content):
        with pytest.raises(openai.NotFoundError):
            ask(made.id)
    assert api.http.get(ordered["video"]["url"], timeout=60).status_code == 404


def test_names_and_defaults_are_openais(client: openai.OpenAI, api: Program) -> None:
    usual = client.videos.create(**FILM)
    assert (usual.model, usual.seconds, usual.size) == ("sora-2", "4", "720x1280")
    asked = {
        "sora-2-pro": ("kling-v3", "pro", True, 4),
        "sora-2-pro-2025-10-06": ("kling-v3", "pro", True, 4),
        "kling-v3": ("kling-v3", "std", False, 4),
        "kling-v1": ("kling-v1", "std", False, 5),
    }
    for name, wanted in asked.items():
        made = client.videos.create(**FILM, model=name)
        assert made.model == name
        order = api.get(f"/generations/{made.id}").json()["input"]
        assert (order["model"], order["mode"], order["sound"], order["duration"]) == wanted
        assert order["aspect_ratio"] == "9:16"
    ours = {"mode": "pro", "negative_prompt": "rain"}
    made = client.videos.create(**FILM, model="kling-v1", extra_body=ours)
    order = api.get(f"/generations/{made.id}").json()["input"]
    assert (order["mode"], order["negative_prompt"]) == ("pro", "rain")


def test_a_reference_is_the_first_frame(client: openai.OpenAI, raw: Program, api: Program) -> None:
    sent = client.videos.create(**FILM, input_reference=picture())
    order = api.get(f"/generations/{sent.id}").json()["input"]
    assert (order["image"][:4], order.get("aspect_ratio")) == ("upl_", None)
    shaped = client.videos.create(**FILM, input_reference=picture(), size="1024x1792")
    order = api.get(f"/generations/{shaped.id}").json()["input"]
    assert (order["image"][:4], order["aspect_ratio"]) == ("upl_", "9:16")
    # The client of this version sends no objects, and so its users do not either.
    again = raw.post(VIDEOS, {**FILM, "input_reference": {"file_id": order["image"]}}).json()
    assert api.get(f"/generations/{again['id']}").json()["input"]["image"] == order["image"]
    form = {"prompt": (None, "A fox"), "input_reference[file_id]": (None, order["image"])}
    again = raw.post(VIDEOS, files=form).json()
    assert api.get(f"/generations/{again['id']}").json()["input"]["image"] == order["image"]
    address = {"image_url": "https://example.com/first.png"}
    named = raw.post(VIDEOS, {**FILM, "input_reference": address, "seconds": 5}).json()
    assert api.get(f"/generations/{named['id']}").json()["input"]["image"] == address["image_url"]
    assert (named["seconds"], named["size"]) == ("5", "auto")
    for other in ("picture", "prompt", "seconds", "size", "model", "mode", "cfg_scale"):
        file = {**form, other: ("a.png", picture())}
        refused_form = raw.post(VIDEOS, files=file)
        assert (refused_form.status_code, refused_form.json()["error"]["param"]) == (400, other)
    many = raw.post(VIDEOS, files={f"f{n}": (None, "x") for n in range(1001)})
    assert many.json()["error"]["type"] == "invalid_request_error"
    for wrong in (picture(100, 100), io.BytesIO(b"no picture")):
        with pytest.raises(openai.BadRequestError) as refused:
            client.videos.create(**FILM, input_reference=wrong)
        assert refused.value.param == "input_reference"


@pytest.mark.parametrize(
    ("body", "param", "code", "said"),
    [
        ({}, "prompt", "invalid_request", "required"),
        ({"prompt": ""}, "prompt", "invalid_request", "required"),
        ({"prompt": "x" * 2501}, "prompt", "invalid_request", "2500"),
        (
            {**FILM, "model": "sora-9"},
            "model",
            "model_not_found",
            '"sora-9" is not a model we have: send one of sora-2, sora-2-pro, kling-v1-5,',
        ),
        ({**FILM, "model": 5}, "model", "invalid_request", "string"),
        ({**FILM, "seconds": "2"}, "seconds", "invalid_request", "3 to 15"),
        ({**FILM, "seconds": "16"}, "seconds", "invalid_request", "3 to 15"),
        ({**FILM, "seconds": "x"}, "seconds", "invalid_request", "seconds must be"),
        ({**FILM, "size": "1000x300"}, "size", "invalid_request", "16:9, 9:16, 1:1"),
        ({**FILM, "size": "large"}, "size", "invalid_request", "1280x720"),
        ({**FILM, "size": 720}, "size", "invalid_request", "1280x720"),
        ({**FILM, "input_reference": "x"}, "input_reference", "invalid_request", "input_reference"),
        ({**FILM, "input_reference": {}}, "input_reference", "invalid_request", "image_url"),
        ({**FILM, "remix_id": "x"}, "remix_id", "invalid_request", "unknown"),
    ],
)
def test_each_limit_is_a_400_with_its_param(
    raw: Program, alice: Customer, body: dict[str, Any], param: str, code: str, said: str
) -> None:
    answer = raw.post(VIDEOS, body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert said in error["message"]
    assert answer.headers["x-should-retry"] == "false"
    assert available(alice) == 10_000


def test_each_refusal_is_the_exception_that_its_client_knows(
    site: str, client: openai.OpenAI, alice: Customer
) -> None:
    with client_of(site, "sk-nonsense") as nobody, pytest.raises(openai.AuthenticationError) as no:
        nobody.videos.list()
    assert no.value.code == "invalid_api_key"
    with client_of(site, alice.live_key) as live, pytest.raises(openai.RateLimitError) as poor:
        live.videos.create(**FILM, model="sora-2-pro", seconds="12")
    assert (poor.value.code, poor.value.type) == ("insufficient_quota", "insufficient_quota")
    for ask in (client.videos.retrieve, client.videos.download_content, client.videos.delete):
        with pytest.raises(openai.NotFoundError):
            ask("video_never")
    with pytest.raises(openai.NotFoundError):
        client.videos.edit(prompt="Redder", video=b"a film")
    waiting = client.videos.create(prompt="fail:never A snail")
    with pytest.raises(openai.ConflictError) as early:
        client.videos.download_content(waiting.id)
    assert early.value.code == "not_ready"
    with pytest.raises(openai.ConflictError) as early:
        client.videos.delete(waiting.id)
    assert early.value.code == "not_finished"
    with pytest.raises(openai.BadRequestError) as sheet:
        client.videos.download_content(waiting.id, variant="spritesheet")
    assert sheet.value.param == "variant"
    for wrong in ({"limit": 101}, {"order": "up"}):
        with pytest.raises(openai.BadRequestError) as page:
            client.videos.list(**wrong)
        assert page.value.param in wrong
    key = {"Idempotency-Key": "k"}
    first = client.videos.create(**FILM, extra_headers=key)
    assert client.videos.create(**FILM, extra_headers=key).id == first.id
    with pytest.raises(openai.UnprocessableEntityError):
        client.videos.create(prompt="A storm", extra_headers=key)


def test_a_failed_film_says_why_and_costs_nothing(client: openai.OpenAI, alice: Customer) -> None:
    made = client.videos.create_and_poll(prompt="fail:moderation", poll_interval_ms=200)
    assert (made.status, made.progress) == ("failed", 0)
    assert made.error is not None
    assert made.error.code == "moderation"
    assert made.error.message
    assert available(alice) == 10_000
    assert client.videos.delete(made.id).deleted


def test_progress_begins_at_0_and_is_below_100_while_it_lasts(
    client: openai.OpenAI, api: Program
) -> None:
    made = client.videos.create(prompt="slow:1 A snail")
    seen = [made.progress]
    while made.status in ("queued", "in_progress"):
        made = client.videos.retrieve(made.id)
        seen.append(made.progress)
    assert (seen[0], seen[-1], made.status) == (0, 100, "completed")
    assert 0 < max(seen[:-1]) < 100


def test_what_another_door_made_is_a_video_too_and_what_makes_no_film_is_none(
    client: openai.OpenAI, api: Program
) -> None:
    camera = {"type": "simple", "config": {"zoom": 3}}
    film = {"model": "kling-v1", "prompt": "A fox", "camera_control": camera}
    made = api.post("/generations", film).json()["id"]
    settled(api, made)
    told = client.videos.retrieve(made)
    assert (told.model, told.seconds, told.status) == ("kling-v1", "5", "completed")
    remixed = client.videos.remix(made, prompt="A wolf")
    order = api.get(f"/generations/{remixed.id}").json()["input"]
    assert order["camera_control"] == {"type": "simple", "axis": "zoom", "value": 3.0}
    assert [each.id for each in client.videos.list()] == [remixed.id]
    speech = {"task": "tts", "text": "Hello", "voice": "AOT", "language": "en"}
    spoken = api.post("/generations", speech).json()["id"]
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(spoken)


def test_mallory_finds_nothing(site: str, client: openai.OpenAI) -> None:
    made = client.videos.create(**FILM).id
    with client_of(site, funded("mallory").test_key) as mallory:
        for ask in (
            mallory.videos.retrieve,
            mallory.videos.download_content,
            mallory.videos.delete,
        ):
            with pytest.raises(openai.NotFoundError):
                ask(made)
        with pytest.raises(openai.NotFoundError):
            mallory.videos.remix(made, prompt="Mine")
        assert mallory.videos.list().data == []


def test_at_the_root_the_path_alone_is_enough(site: str, alice: Customer) -> None:
    with openai.OpenAI(base_url=f"{site}/v1", api_key=alice.test_key) as client:
        made = client.videos.create(**FILM)
        assert client.videos.retrieve(made.id).id == made.id
        assert [each.id for each in client.videos.list()] == [made.id]
        with pytest.raises(openai.NotFoundError):
            client.videos.retrieve("video_never")
    bearer = Program(site, Authorization=f"Bearer {alice.test_key}")
    assert bearer.get("/v1/videos/something").json()["code"] == 1202  # Kling's, as ever
    keyed = Program(site, **{"x-api-key": alice.test_key})
    for path in (VIDEOS, f"{VIDEOS}/{made.id}"):
        assert set(keyed.get(path).json()) == {"error"}
        assert isinstance(keyed.get(path).json()["error"], str)


def test_our_own_trouble_is_not_tried_again_by_itself_where_that_could_order_twice() -> None:
    away = Unavailable("The database did not answer.", retry_after=2)
    assert "x-should-retry" not in refuse(away).headers
    order, later = refuse_order(away), refuse_order(NoProvider("Nobody makes it.", retry_after=9))
    assert (order.status_code, order.headers["x-should-retry"]) == (503, "false")
    assert (later.headers["Retry-After"], "x-should-retry" in later.headers) == ("9", False)


@given(
    body=any_json.bodies(
        "prompt", "model", "seconds", "size", "input_reference", "mode", "sound", "cfg_scale"
    )
)
def test_no_body_whatever_gives_a_5xx(site: str, body: dict[str, Any]) -> None:
    program = Program(f"{site}/openai", Authorization=f"Bearer {any_json.key()}")
    answer = program.post(VIDEOS, body)
    assert answer.status_code < 500, answer.text
