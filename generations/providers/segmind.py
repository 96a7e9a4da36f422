"""Segmind: v2 (submit and poll) by default, v1 (one blocking call) by explicit setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generations.catalogue.params import Params
from generations.providers.base import Adapter, Question, one
from generations.wire.segmind import client as wire
from generations.wire.task import Outcome, Rejected, Task, WireRequest


class Segmind(Adapter):
    """Has no id of ours and no look-up: a lost answer is never sent again."""

    looks_up = False

    def can(self, params: Params) -> bool:
        return wire.can_serve(params)

    def lost(self, params: Params) -> tuple[str, ...]:
        return wire.lost(params)

    def headers(self) -> dict[str, str]:
        return {"x-api-key": self.account.credential()}

    def encode_create(self, params: Params, external_id: str, callback_url: str) -> WireRequest:
        return wire.encode_create(params, version="v2")

    def decode_created(self, status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
        return wire.decode_created(status, headers, body)

    def encode_poll(self, questions: Sequence[Question]) -> WireRequest:
        return wire.encode_get(questions[0].task_id)

    def decode_poll(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> tuple[Task, ...] | Rejected:
        return one(wire.decode_task(status, headers, body))


class SegmindBlocking(Segmind):
    """`POST /v1/{slug}` holds the line for minutes and answers with the film."""

    blocking = True

    def encode_create(self, params: Params, external_id: str, callback_url: str) -> WireRequest:
        return wire.encode_create(params, version="v1")
