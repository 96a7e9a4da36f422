"""llmprovider: Kling's old flat object without an envelope, static bearer key (seed 003)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generations.catalogue.params import Params
from generations.providers.base import Adapter, Question, one
from generations.wire.llmprovider import client as wire
from generations.wire.task import Outcome, Rejected, Task, WireRequest


class Llmprovider(Adapter):
    """Its page takes an external id and documents no query by it, so none is relied on."""

    looks_up = False

    def can(self, params: Params) -> bool:
        return wire.can_serve(params)

    def lost(self, params: Params) -> tuple[str, ...]:
        return wire.lost(params)

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.account.credential()}"}

    def encode_create(self, params: Params, external_id: str, callback_url: str) -> WireRequest:
        return wire.encode_create(params, external_id=external_id)

    def decode_created(self, status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
        return wire.decode_created(status, headers, body)

    def encode_poll(self, questions: Sequence[Question]) -> WireRequest:
        return wire.encode_get(questions[0].task_id)

    def decode_poll(
        self, status: int, headers: Mapping[str, str], body: bytes
    ) -> tuple[Task, ...] | Rejected:
        return one(wire.decode_task(status, headers, body))
