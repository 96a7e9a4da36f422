"""What an order may say; files of one's own are sent before it, and named in it by their ids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

from kling_saas_client.api import Api
from kling_saas_client.sending import uploaded
from kling_saas_client.steps import Flow

# An address, the id of an upload, a data URI; or a file here, by its path or its bytes.
Media: TypeAlias = str | Path | bytes


class Film(TypedDict, total=False):
    """What is ordered. Each model takes some of it: `client.models.get(name).schema` tells."""

    model: str
    task: str
    prompt: str
    negative_prompt: str
    mode: str
    duration: int
    aspect_ratio: str
    cfg_scale: float
    sound: bool
    image: Media
    image_tail: Media
    images: list[Media]
    video: Media
    audio: Media
    camera_control: Mapping[str, Any]
    shot_type: str
    multi_prompt: list[Mapping[str, Any]]
    voices: list[str]
    elements: list[str]
    static_mask: Media
    dynamic_masks: list[Mapping[str, Any]]
    watermark: bool
    seed: int
    fields: Mapping[str, Any]
    """Fields of tasks, and of models newer than this package, as the API names them."""


class Order(Film, total=False):
    """The same, and what belongs to the order."""

    quote_id: str
    max_cost: int
    reference: str
    metadata: Mapping[str, str]
    end_user: str
    retention: Mapping[str, int]
    deadline: int
    webhook_url: str


def body(api: Api, order: Mapping[str, Any]) -> Flow[dict[str, Any]]:
    """The JSON of an order: what is None is left out, files are sent."""
    told = {name: value for name, value in order.items() if name != "fields"}
    found = {}
    for name, value in {**told, **(order.get("fields") or {})}.items():
        if value is not None:
            found[name] = yield from _named(api, value)
    return found


def _named(api: Api, value: Any) -> Flow[Any]:
    if isinstance(value, Path | bytes):
        return (yield from uploaded(api, value))["id"]
    if isinstance(value, Mapping):
        named = {}
        for name, inner in value.items():
            named[name] = yield from _named(api, inner)
        return named
    if isinstance(value, list | tuple):
        items: list[Any] = []
        for inner in value:
            items += [(yield from _named(api, inner))]
        return items
    return value
