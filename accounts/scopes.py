"""What a key may be used for: each address of the API needs one of these."""

from __future__ import annotations

from django.db import models


class Scope(models.TextChoices):
    """A key has any of them; an end user's token has at most the first two."""

    GENERATE = "generate", "Order and cancel films, send files, delete what was made"
    READ = "read", "Read films, orders and events"
    BILLING = "billing", "Read the wallet, ledger and usage, use vouchers"
    ADMIN = "admin", "Manage keys, webhooks, members and the organisation; read the request log"


ALL = frozenset(Scope.values)
USUAL = (Scope.GENERATE.value, Scope.READ.value, Scope.BILLING.value)  # unless a key says so


def usual() -> list[str]:
    """The scopes of a key that names none."""
    return list(USUAL)
