"""Whatever an order of a product says is said on Kling's wire, and read back the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from generations.catalogue.params import Params
from generations.catalogue.products import checking, lists
from generations.catalogue.products import fields as kinds
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.products.sources import Medial, Picture
from generations.catalogue.validation import check
from generations.catalogue.violations import InvalidRequest
from generations.wire.kling import client, server
from generations.wire.task import Accepted, RemoteAudio, RemoteVideo, Task, TaskState
from tests.wire.orders import PNG, PROMPTS

SOUND = base64.b64encode(b"RIFF" + bytes(80)).decode()
OK = {"code": 0, "message": "SUCCEED", "request_id": "r"}


def values(field: kinds.Field) -> st.SearchStrategy[Any]:
    """Anything the field takes."""
    return next(make(field) for kind, make in _MAKERS if isinstance(field, kind))


def _many(field: Any) -> st.SearchStrategy[Any]:
    needed = {f.name: values(f) for f in field.inner if f.required}
    others = {f.name: values(f) for f in field.inner if not f.required}
    inner = values(field.inner[0]) if field.bare else st.fixed_dictionaries(needed, optional=others)
    return st.lists(inner, min_size=max(1, field.least), max_size=field.most)


def _medial(field: Any) -> st.SearchStrategy[Any]:
    forms = ["gen_1", *([] if field.made_by else ["https://example.com/a.mp4"])]
    return st.sampled_from([*forms, *([SOUND] if field.bytes_too else [])])


_SHOT = st.fixed_dictionaries({"prompt": PROMPTS, "duration": st.integers(1, 5)})
_MAKERS: tuple[tuple[Any, Callable[[Any], st.SearchStrategy[Any]]], ...] = (
    (lists.Many, _many),
    (lists.Ids, lambda f: st.lists(st.sampled_from(["123", "v-1"]), min_size=1, max_size=f.most)),
    (lists.Shots, lambda f: st.lists(_SHOT, min_size=1, max_size=3)),
    (Medial, _medial),
    (Picture, lambda f: st.sampled_from([PNG, "https://example.com/a.jpg"])),
    (kinds.Whole, lambda f: st.integers(f.low, f.high)),
    (kinds.Number, lambda f: st.sampled_from([float(f.low), float(f.high)])),
    (kinds.Choice | kinds.Length, lambda f: st.sampled_from(f.allowed)),
    (kinds.Switch | kinds.Mark, lambda f: st.booleans()),
    (kinds.Thing, lambda f: st.just("gen_1")),
    (kinds.Text, lambda f: PROMPTS.map(lambda text: text[: f.most].strip() or "x")),
)


def whole(fields: Mapping[str, Any], *, lenient: bool = False) -> Params:
    """The order as far as it can be known without its films."""
    params = check(fields, lenient=lenient).params
    return checking.complete(PRODUCTS[params.task], params, {})


@st.composite
def orders(draw: st.DrawFn, *names: str) -> Params:
    """Any order of any product, or of these, that the native gate lets through."""
    product = PRODUCTS[draw(st.sampled_from(names or list(PRODUCTS)))]
    fields: dict[str, Any] = {"task": product.name}
    if product.models and not product.inherits:
        fields["model"] = draw(st.sampled_from(product.models))
    for field in product.fields:
        if field.required or draw(st.booleans()):
            fields[field.name] = draw(values(field))
    return _lawful(fields)


def _lawful(fields: dict[str, Any]) -> Params:
    """The order without the fields that its own rules refuse, or with what they miss."""
    for _ in range(12):
        try:
            return whole(fields)
        except InvalidRequest as refusal:
            for violation in refusal.violations:
                name = violation.field.partition("[")[0]
                fields.pop(name, None)
                if name == "images":  # how many there must be depends on the scene
                    fields.pop("effect_scene", None)
                if violation.code == "required":
                    fields[name] = _NEEDED.get(name, "gen_1")
    raise AssertionError(f"no lawful order: {fields}")


_NEEDED = {"prompt": "x", "text": "Hi", "aspect_ratio": "16:9",
           "effect_scene": "squish", "images": [PNG],
           "image": PNG, "character_orientation": "video", "mode": "std", "videos": ["gen_1"],
           "faces": [{"face_id": "0", "audio": "gen_1", "sound_end_time": 2000}]}  # fmt: skip


@given(orders(), st.none() | st.just("gen_x-1"))
def test_an_order_survives_the_wire(params: Params, external_id: str | None) -> None:
    product = PRODUCTS[params.task]
    sent = client.encode_create(params, external_id=external_id, callback_url="https://a.example/")
    assert (sent.method, sent.path) == ("POST", product.path)
    order = server.decode_order(params.task, json.loads(json.dumps(sent.json)))
    found = whole(order.fields, lenient=True)
    assert found.to_json() == params.to_json()
    if product.at_once:
        assert (order.external_id, order.callback_url) == (None, None)
    else:
        assert (order.external_id, order.callback_url) == (external_id, "https://a.example/")


def test_what_a_correction_lets_a_model_have_is_sent() -> None:
    both = {"elements": {"models": ["kling-v2-6", "kling-v3"]}}
    corrected = {"motion-control": PRODUCTS["motion-control"].corrected(both)}
    order = {"task": "motion-control", "image": PNG, "video": "gen_1", "mode": "std",
             "character_orientation": "video", "elements": ["123"]}  # fmt: skip
    params = check(order, products=corrected).params
    assert params.model == "kling-v2-6"
    assert client.encode_create(params).json["element_list"] == [{"element_id": 123}]


def decoded(reply: Any) -> Task:
    outcome = client.decode_created(200, {}, json.dumps(reply).encode())
    assert isinstance(outcome, Accepted)
    return outcome.task


def test_films_sounds_and_facts_of_a_task_survive_the_wire() -> None:
    task = Task(
        id="867283741759111202",
        state=TaskState.SUCCEEDED,
        videos=(RemoteVideo("https://a.example/f.mp4", "1", 5041),),
        audios=(RemoteAudio("https://a.example/s.mp3", "2", 4992),),
        facts={"voice_id": "7", "voice_name": "me"},
        facts_at="voices",
    )
    assert decoded(server.encode_at_once(task, "r").json) == task


def test_faces_are_found_in_the_answer_itself() -> None:
    face = {"face_id": "0", "face_image": "https://a.example/f.png", "start_time": 0,
            "end_time": 5200}  # fmt: skip
    told = {"session_id": "9", "final_unit_deduction": "0.05", "face_data": [face]}
    task = decoded({**OK, "data": told})
    assert (task.id, task.state, str(task.units)) == ("9", TaskState.SUCCEEDED, "0.05")
    assert task.facts == {"session_id": "9", "face_data": [face]}


def test_sounds_with_one_address_for_each_format_are_read() -> None:
    audio = {"id": "2", "url_mp3": "https://a.example/s.mp3", "url_wav": "https://a.example/s.wav",
             "duration_mp3": "4.9", "duration_wav": "4.9"}  # fmt: skip
    told = {"task_id": "1", "task_status": "succeed", "task_result": {"audios": [audio]}}
    assert decoded({**OK, "data": told}).audios == (
        RemoteAudio("https://a.example/s.mp3", "2", 4900),
    )
