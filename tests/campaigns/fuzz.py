"""Arbitrary bodies at every door that takes one: never a 5xx, never a credit moved by a refusal."""

from __future__ import annotations

import json
import random
import string
from typing import Any

import httpx

from tests.campaigns import verdict
from tests.stack import Stack

_WORDS = (
    "model", "model_name", "prompt", "negative_prompt", "mode", "duration", "aspect_ratio",
    "cfg_scale", "sound", "image", "image_tail", "camera_control", "config", "type", "pan",
    "multi_prompt", "shot_type", "voices", "seed", "quote_id", "max_cost", "reference", "metadata",
    "deadline", "webhook_url", "callback_url", "external_task_id", "generate_audio", "dry_run",
    "seconds", "size", "input_reference",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 5, 10, 0.5, 1e308, 2**63, -(2**63), "", "5", "kling-v1", "std",
    "pro", "16:9", "\x00", "\ud800", "💡" * 10, "a" * 3000, "simple", "http://127.0.0.1/", "data:,",
    "upl_x", [], {}, [None], {"": ""}, [[[[]]]],
)  # fmt: skip
DOORS = (
    ("/api/v1/generations", "bearer"),
    ("/api/v1/quotes", "bearer"),
    ("/segmind/v2/kling-text2video", "x-api-key"),
    ("/segmind/v2/kling-2.1", "x-api-key"),
    ("/kling/v1/videos/text2video", "bearer"),
    ("/kling/v1/videos/image2video", "bearer"),
    ("/llmprovider/v1/videos/text2video", "bearer"),
    ("/openai/v1/videos", "bearer"),
)


def run(runs: int, seed: int) -> bool:
    """True when every promise held; `runs` bodies per door."""
    rng = random.Random(seed)
    stack = Stack()
    stack.start()
    violations: list[str] = []
    try:
        key = stack.facts["test_key"]
        with httpx.Client(base_url=stack.site, timeout=30) as client:
            for path, how in DOORS:
                for _ in range(runs):
                    violations += _try(client, path, how, key, _body(rng))
        violations += verdict.books(stack)
    finally:
        stack.stop()
    return verdict.tell("fuzz", runs=runs * len(DOORS), faults={}, violations=violations, seed=seed)


def _try(client: httpx.Client, path: str, how: str, key: str, body: bytes) -> list[str]:
    credential = {"x-api-key": key} if how == "x-api-key" else {"Authorization": f"Bearer {key}"}
    answer = client.post(
        path, content=body, headers={**credential, "Content-Type": "application/json"}
    )
    if answer.status_code >= 500 and answer.status_code != 503:
        return [f"{answer.status_code} at {path} for {body[:300]!r}"]
    named = ("model", "There is no quote")  # which there may not be
    if answer.status_code == 404 and not any(words in answer.text for words in named):
        return [f"404 at {path} for {body[:300]!r}"]
    return []


def _body(rng: random.Random) -> bytes:
    if rng.random() < 0.1:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(40)))
    body = {rng.choice(_WORDS): _value(rng, 0) for _ in range(rng.randrange(8))}
    if rng.random() < 0.7:
        body |= {"model": "kling-v1", "prompt": rng.choice(string.ascii_letters) * 9}
    return json.dumps(body).encode()


def _value(rng: random.Random, depth: int) -> Any:
    if depth < 2 and rng.random() < 0.2:
        return {rng.choice(_WORDS): _value(rng, depth + 1) for _ in range(rng.randrange(4))}
    if depth < 2 and rng.random() < 0.1:
        return [_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return rng.choice(_VALUES)
