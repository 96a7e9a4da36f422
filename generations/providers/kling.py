"""Kling itself: the legacy standard (JWT or static key) and the 2026 standard (static key)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import jwt

from generations.catalogue.params import Kind, Params
from generations.providers.base import Adapter, Question, one
from generations.wire.kling import client as legacy
from generations.wire.kling_standard import client as standard
from generations.wire.task import Outcome, Rejected, Task, WireRequest

_TOKEN_LIFE = 1800  # seconds; the value in Kling's own examples
_SKEW = 30  # seconds our clock may be ahead of theirs


def bearer(credential: str) -> dict[str, str]:
    """`access_key|secret_key` signs a fresh HS256 token (seed 004); anything else goes as it is."""
    access_key, found, secret = credential.partition("|")
    if not found:
        return {"Authorization": f"Bearer {credential}"}
    now = int(time.time())
    claims = {"iss": access_key, "exp": now + _TOKEN_LIFE - 2 * _SKEW, "nbf": now - _SKEW}
    return {"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}


class Kling(Adapter):
    """`/v1/videos/…`: found again by our external id, calls back on every change."""

    def can(self, params: Params) -> bool:
        return legacy.can_serve(params)

    def lost(self, params: Params) -> tuple[str, ...]:
        return legacy.lost(params)

    def headers(self) -> dict[str, str]:
        return bearer(self.account.credential())

    def encode_create(self, params: Params, external_id: str, callback_url: str) -> WireRequest:
        return legacy.encode_create(params, external_id=external_id, callback_url=callback_url)

    def decode_created(self, status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
        return legacy.decode_created(status, headers, body)

    def encode_poll(self, questions: Sequence[Question]) -> WireRequest:
        return legacy.encode_get(questions[0].kind, questions[0].task_id)

    def decode_poll(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> tuple[Task, ...] | Rejected:
        return one(legacy.decode_task(status, headers, body))


class Kling2026(Kling):
    """`/text-to-video/…` and `/tasks`: many tasks in one query."""

    bulk = 100

    def can(self, params: Params) -> bool:
        return standard.can_serve(params)

    def lost(self, params: Params) -> tuple[str, ...]:
        return standard.lost(params)

    def encode_create(self, params: Params, external_id: str, callback_url: str) -> WireRequest:
        return standard.encode_create(params, external_id=external_id, callback_url=callback_url)

    def decode_created(self, status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
        return standard.decode_created(status, headers, body)

    def encode_poll(self, questions: Sequence[Question]) -> WireRequest:
        return standard.encode_get([q.task_id for q in questions])

    def encode_look_up(self, kind: Kind, external_id: str) -> WireRequest:
        return standard.encode_find([external_id])

    def decode_poll(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> tuple[Task, ...] | Rejected:
        return standard.decode_tasks(status, headers, body)
