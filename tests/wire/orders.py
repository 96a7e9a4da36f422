"""Orders and tasks of every shape, for the codecs' round trips."""

from __future__ import annotations

import base64
import dataclasses
import json
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from generations.catalogue.billable import every_sellable
from generations.catalogue.params import Params
from generations.catalogue.validation import InvalidRequest, check
from generations.wire.task import RemoteVideo, Task, TaskState

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()
SELLABLE: dict[str, list[Params]] = {}
for _params in every_sellable():
    SELLABLE.setdefault(_params.model, []).append(_params)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00;"), min_size=1, max_size=30)
PROMPTS = WORDS.map(str.strip).filter(bool)
CAMERAS = (
    {"type": "down_back"},
    {"type": "simple", "config": {"pan": -3}},
    {"type": "simple", "config": {"zoom": 10}},
)
EXTRAS: dict[str, st.SearchStrategy[Any]] = {
    "negative_prompt": PROMPTS,
    "cfg_scale": st.sampled_from([0, 0.25, 0.7, 1]),
    "camera_control": st.sampled_from(CAMERAS),
    "image_tail": st.sampled_from([PNG, "https://example.com/last.jpg"]),
    "elements": st.just(["123456789012345678"]),
    "static_mask": st.just(PNG),
    "dynamic_masks": st.just(
        [{"mask": PNG, "trajectories": [{"x": 1, "y": 2}, {"x": 30, "y": 40}]}]
    ),
    "watermark": st.booleans(),
}


def to_fields(params: Params) -> dict[str, Any]:
    """An order as its customer would have written it."""
    fields = params.to_json() | {"mode": params.mode, "duration": params.duration}
    if params.cfg_scale is None:
        fields.pop("cfg_scale", None)
    return fields


@st.composite
def orders(draw: st.DrawFn) -> Params:
    """Any order that the native gate lets through."""
    of_a_model = SELLABLE[draw(st.sampled_from(sorted(SELLABLE)))]
    fields = to_fields(draw(st.sampled_from(of_a_model))) | {"prompt": draw(PROMPTS)}
    params = check(fields).params
    # What the model lacks is left out, so that the rare combinations come up often enough.
    for name in draw(st.permutations(sorted(EXTRAS))):
        fields = {**fields, name: draw(EXTRAS[name])}
        try:
            params = check(fields).params
        except InvalidRequest:
            del fields[name]
    return params


def without(params: Params, *names: str) -> Params:
    """The order with these fields at their defaults."""
    defaults = {f.name: f.default for f in dataclasses.fields(Params)}
    return dataclasses.replace(params, **{name: defaults[name] for name in names})


FILMS = st.builds(
    RemoteVideo,
    url=st.just("https://cdn.example.com/film.mp4?sig=a%2Fb"),
    id=st.sampled_from(["867283741759111999", "v-1"]),
    duration_ms=st.none() | st.integers(1, 60_000),
    watermark_url=st.none() | st.just("https://cdn.example.com/marked.mp4"),
)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """A task in any state, as a Kling dialect can say it."""
    state = draw(st.sampled_from(TaskState))
    succeeded = state is TaskState.SUCCEEDED
    return Task(
        id=draw(st.sampled_from(["867283741759111202", "gen_01HZX"])),
        state=state,
        external_id=draw(st.none() | st.sampled_from(["my-1", "ärger 7"])),
        message=draw(PROMPTS) if state is TaskState.FAILED else "",
        videos=(draw(FILMS),) if succeeded else (),
        created_ms=draw(st.integers(10**12, 2 * 10**12)),
        updated_ms=draw(st.integers(10**12, 2 * 10**12)),
        units=draw(st.sampled_from([Decimal("1.5"), Decimal(10), Decimal("0.1")]))
        if succeeded
        else None,
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["succeed", "COMPLETED", "failed", "https://x.example/a.mp4", "1e400", "5"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "code",
                    "message",
                    "data",
                    "task_id",
                    "task_status",
                    "task_info",
                    "task_result",
                    "videos",
                    "url",
                    "id",
                    "status",
                    "request_id",
                    "output",
                    "video",
                    "metrics",
                    "cost",
                    "error",
                    "external_task_id",
                    "created_at",
                    "outputs",
                    "billing",
                    "amount",
                    "charge_type",
                    "final_unit_deduction",
                    "watermark_info",
                    "duration",
                    "file_size",
                    "create_time",
                    "contents",
                    "settings",
                    "options",
                    "prompt",
                    "type",
                    "config",
                    "multi_prompt",
                    "multi_shot",
                    "shot_type",
                    "image",
                    "voice_list",
                    "element_list",
                    "camera_control_type",
                    "camera_control_config",
                    "camera_control_config_value",
                    "mode",
                    "version",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)
BODIES = st.binary(max_size=40) | JSON.map(
    lambda value: json.dumps(value).encode("utf-8", "surrogatepass")
)
STATUSES = st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 406, 408, 422, 429, 500, 503])


def short(task: Task) -> Task:
    """The task as the answer to a create tells it."""
    return Task(
        id=task.id,
        state=task.state,
        external_id=task.external_id,
        created_ms=task.created_ms,
        updated_ms=task.updated_ms,
    )
