"""Upstream accounts that alone sell one model for the length of a test."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings

from generations.models import Protocol, ProviderAccount, RefusedModel
from tests.stack import Stack
from tests.waiting import until

MODEL, PRICE = "kling-v1-6", 20

Seller = Callable[..., ProviderAccount]


def seller(stack: Stack) -> Iterator[Seller]:
    """Makes accounts that alone sell MODEL until the test ends; the first is asked first."""
    wait_for_no_other()
    sandbox = RefusedModel.objects.bulk_create(
        RefusedModel(account=account, model=MODEL, reason="a story")
        for account in ProviderAccount.objects.filter(enabled=True)
    )
    made: list[ProviderAccount] = []

    def add(base_url: str = "", credential: str = "sandbox-key", **more: Any) -> ProviderAccount:
        usual = {"protocol": Protocol.KLING, "models_sold": [MODEL], "concurrency": 50}
        account = ProviderAccount(
            name=f"trouble-{secrets.token_hex(4)}", base_url=base_url or f"{stack.sandbox}/kling",
            serves_live=False, serves_test=True, priority=len(made) + 1, **{**usual, **more},
        )  # fmt: skip
        account.set_credential(credential)
        account.save()
        made.append(account)
        seen_by_all()
        return account

    yield add
    ProviderAccount.objects.filter(pk__in=[a.pk for a in made]).update(
        enabled=False, serves_test=False
    )
    RefusedModel.objects.filter(pk__in=[row.pk for row in sandbox]).delete()
    seen_by_all()


def wait_for_no_other() -> None:
    """Orders do not wait for accounts that other tests have left behind."""
    ProviderAccount.objects.filter(enabled=False).update(serves_test=False)


def seen_by_all() -> None:
    """Waits until every process has read accounts and products anew."""
    changed = time.monotonic()
    until(lambda: time.monotonic() > changed + settings.OPERATOR_CHANGES_SECONDS + 0.2)
