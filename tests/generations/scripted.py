"""An upstream of a test's own, which answers as the test says and remembers what it was asked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from accounts import tenancy
from generations import routing
from generations.models import Generation, Protocol, ProviderAccount
from tests.serving import Quiet, serving

Answer = tuple[int, object]


@dataclass
class Scripted:
    """`answers` takes method, path and body and returns status and JSON; it may be exchanged."""

    answers: Callable[[str, str, dict[str, Any]], Answer]
    url: str = ""
    seen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def creates(self) -> int:
        """How many POSTs came."""
        return sum(method == "POST" for method, _ in self.seen)


@contextmanager
def scripted(answers: Callable[[str, str, dict[str, Any]], Answer]) -> Iterator[Scripted]:
    """It listens until the block ends."""
    upstream = Scripted(answers)

    class Handler(Quiet):
        def post(self) -> None:
            self._serve(json.loads(self.body()))

        def get(self) -> None:
            self._serve({})

        def _serve(self, body: dict[str, Any]) -> None:
            upstream.seen.append((self.command, self.path))
            status, told = upstream.answers(self.command, self.path, body)
            self.answer(status, json.dumps(told).encode())

    with serving(Handler) as upstream.url:
        yield upstream


def account_at(base_url: str, protocol: Protocol = Protocol.KLING, **more: Any) -> ProviderAccount:
    """An account there that gets no order by itself: no mode is served."""
    account = ProviderAccount(
        name=f"scripted-{secrets.token_hex(4)}", protocol=protocol, base_url=base_url,
        serves_live=False, concurrency=50, **more,
    )  # fmt: skip
    account.set_credential(f"key-{secrets.token_hex(8)}")
    account.save()
    return account


@contextmanager
def selling_to(order: Generation, account: ProviderAccount) -> Iterator[None]:
    """The account takes this order, and nobody's else."""
    mine = ProviderAccount.objects.filter(pk=account.pk)
    mine.update(serves_test=True, priority=999)
    with tenancy.system("a test chooses the account"):
        Generation.objects.filter(pk=order.pk).update(params={**order.params, "pin": account.pk})
    routing.forget()
    try:
        yield
    finally:
        mine.update(serves_test=False)
        routing.forget()
