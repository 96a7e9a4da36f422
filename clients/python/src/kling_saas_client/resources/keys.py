"""Keys of programs, and tokens for end users' browsers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from kling_saas_client.api import PAGE, given, segment
from kling_saas_client.binding import K, iteration, operation
from kling_saas_client.decoding import decode, reader
from kling_saas_client.objects.access import Key, Token
from kling_saas_client.resources.resource import Resource
from kling_saas_client.steps import Flow, Iteration


class Keys(Resource[K]):
    """/keys"""

    @operation
    def create(
        self,
        name: str,
        terms: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Flow[Key]:
        """A new one, with its `secret`. Terms: scopes, models, networks, caps, expires_at …

        Sent again after a lost answer, it is the same key, with a new secret.
        """
        return self._made("", idempotency_key, given(**{"name": name, **(terms or {})}))

    @iteration
    def list(self, *, page_size: int = PAGE) -> Iteration[Key]:
        """All of this mode, newest first, ended ones too."""
        return self.bound_to.pages("/keys", reader(Key), {}, page_size)

    @operation
    def get(self, key_id: str) -> Flow[Key]:
        """One of them, with what its caps have left."""
        return self._asked("GET", key_id)

    @operation
    def change(self, key_id: str, terms: Mapping[str, Any]) -> Flow[Key]:
        """Set what is given; None ends a limit."""
        return self._asked("PATCH", key_id, body=terms)

    @operation
    def rotate(
        self, key_id: str, *, overlap: int | None = None, idempotency_key: str | None = None
    ) -> Flow[Key]:
        """A new `secret`; the one before works for `overlap` seconds longer, or a day."""
        return self._made(f"/{segment(key_id)}/rotate", idempotency_key, given(overlap=overlap))

    @operation
    def revoke(self, key_id: str) -> Flow[Key]:
        """End it now."""
        return self._asked("DELETE", key_id)

    def _made(self, path: str, key: str | None, fields: dict[str, Any]) -> Flow[Key]:
        once = str(uuid.uuid4()) if key is None else key
        found = yield from self.bound_to.call("POST", f"/keys{path}", body=fields, once=once)
        return decode(Key, found)

    def _asked(self, method: str, key_id: str, **more: Any) -> Flow[Key]:
        path = f"/keys/{segment(key_id)}"
        return decode(Key, (yield from self.bound_to.call(method, path, **more)))


class Tokens(Resource[K]):
    """/tokens. Making one is not sent again when its answer is lost: make another."""

    @operation
    def create(
        self,
        end_user: str,
        *,
        expires_in: int | None = None,
        scopes: Sequence[str] | None = None,
        models: Sequence[str] | None = None,
        caps: Mapping[str, int | None] | None = None,
    ) -> Flow[Token]:
        """One that opens what this end user of yours orders, and nothing else."""
        fields = given(
            end_user=end_user,
            expires_in=expires_in,
            scopes=scopes and [*scopes],
            models=models and [*models],
            caps=caps,
        )
        return decode(Token, (yield from self.bound_to.call("POST", "/tokens", body=fields)))

    @operation
    def revoke(self, token_id: str) -> Flow[None]:
        """End it now."""
        request = self.bound_to.request("DELETE", f"/tokens/{segment(token_id)}")
        yield from self.bound_to.send(request)
