"""An order as programs send it: to the native API and in each dialect, in three languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from generations.catalogue.params import Params
from generations.wire.kling import client as kling_client
from generations.wire.llmprovider import client as llmprovider_client
from generations.wire.openai import server as openai
from generations.wire.segmind import client as segmind_client
from generations.wire.task import WireRequest
from kling_saas.web.docs.examples import Request, curl, javascript, python
from kling_saas.web.docs.markdown import Block

DIALECTS = {
    "native": "Native",
    "kling": "Kling",
    "segmind": "Segmind",
    "llmprovider": "llmprovider",
    "openai": "OpenAI",
}
_CLIENTS: dict[str, Any] = {
    "kling": kling_client,
    "segmind": segmind_client,
    "llmprovider": llmprovider_client,
}
_OPENAI_LOSES = ("camera_control", "multi_prompt", "seed", "watermark", "voices")


@dataclass(frozen=True, slots=True)
class Code:
    """An order in a dialect; `lost` are its fields that the dialect has no words for."""

    json: Block
    blocks: list[Block]
    lost: tuple[str, ...]


def native(body: Mapping[str, Any], key: str) -> Code:
    """To the native API, as it stands, whatever is wrong with it."""
    return _code("/api/v1/generations", body, key, ())


def in_dialect(dialect: str, params: Params, key: str) -> Code | None:
    """None where the dialect has no such order."""
    if dialect == "openai":
        if params.kind != "text2video":  # its pictures are files, sent as a form
            return None
        lost = tuple(name for name in _OPENAI_LOSES if getattr(params, name, None))
        return _code("/openai/v1/videos", _openai(params), key, lost)
    client = _CLIENTS[dialect]
    if not client.can_serve(params):
        return None
    sent: WireRequest = client.encode_create(params)
    return _code(f"/{dialect}{sent.path}", sent.json or {}, key, client.lost(params), dialect)


def _openai(params: Params) -> dict[str, Any]:
    ours = {name: getattr(params, name) for name in openai.OURS}
    size = openai.told_size(None, params.mode, params.aspect_ratio, params.model)
    first: dict[str, Any] = {
        "model": params.model,
        "prompt": params.prompt,
        "seconds": str(params.duration),
    }
    if size != openai.UNKNOWN_SIZE:
        first["size"] = size
    return first | {name: value for name, value in ours.items() if value not in (None, "", False)}


def _code(
    path: str, body: Mapping[str, Any], key: str, lost: tuple[str, ...], dialect: str = ""
) -> Code:
    begins = "x-api-key: " if dialect == "segmind" else "Authorization: Bearer "
    sent = Request("POST", settings.SITE_URL + path, key, dict(body), key_begins=begins)
    written = {"bash": curl(sent), "python": python(sent), "javascript": javascript(sent)}
    told = json.dumps(body, indent=2, ensure_ascii=False)
    return Code(
        Block("json", "copy", told),
        [Block(language, "", code) for language, code in written.items()],
        lost,
    )
