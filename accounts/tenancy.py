"""Whose data may be touched now. Without an open scope every tenant query raises, and the
database's row-level security shows nothing: two walls, each closed by default.

A scope is a transaction with `app.tenant` set for its length; nothing survives it, so pooled
connections are safe. `system(...)` is the one door across tenants: workers, credential look-up
and the operators' console use it, and each use names its reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import connection, models, transaction

from kling_saas.lib.postgresql.base import begin_with

EVERY_TENANT, NO_TENANT = "*", ""
_current: ContextVar[str | None] = ContextVar("tenant", default=None)
M = TypeVar("M", bound=models.Model)


class TenantNotSet(Exception):
    """A tenant table was queried outside a scope: open one with `tenancy.scope(organisation)`."""


class TenantMismatch(Exception):
    """A scope of another organisation is open already: one transaction, one tenant."""


def current() -> str | None:
    """The organisation id the open scope is for, `*` in a system scope, None outside.

    A scope is a transaction: a value that outlived one (a copied context) opens nothing.
    """
    return _current.get() if connection.in_atomic_block else None


@contextmanager
def scope(organisation_id: int) -> Iterator[None]:
    """A transaction that sees one organisation's rows. Opening it is one round trip.

    Inside a system scope it narrows to the organisation and widens again at its end.
    Raises TenantMismatch inside another organisation's scope.
    """
    with _opened(str(int(organisation_id))):
        yield


@contextmanager
def system(reason: str) -> Iterator[None]:
    """A transaction that sees every tenant's rows; `reason` tells the reader of the code why."""
    if not reason:
        raise TenantNotSet("a system scope needs a reason")
    with _opened(EVERY_TENANT):
        yield


@contextmanager
def _opened(tenant: str) -> Iterator[None]:
    outer = current()
    if outer == tenant:
        yield
        return
    if outer not in {None, EVERY_TENANT}:
        raise TenantMismatch(f"scope of organisation {outer} is open, {tenant} asked for")
    inner = connection.in_atomic_block  # of a scope, or of a plain transaction that sees nothing
    with transaction.atomic():
        _set(tenant)
        token = _current.set(tenant)
        try:
            yield
        finally:
            _current.reset(token)
        if inner:
            _set(outer or NO_TENANT)


def _set(tenant: str) -> None:
    """`tenant` is a number, EVERY_TENANT or NO_TENANT."""
    statement = f"SELECT set_config('app.tenant', '{tenant}', true)"
    if not begin_with(statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)


class TenantManager(models.Manager[M]):
    """Refuses to build a query unless a scope is open."""

    def get_queryset(self) -> models.QuerySet[M]:
        """The rows the open scope may see. Raises TenantNotSet outside a scope."""
        if current() is None:
            raise TenantNotSet(f"{self.model.__name__} queried outside a tenancy scope")
        return super().get_queryset()


class OrganisationOwned(models.Model):
    """A row that belongs to an organisation, whatever the mode (memberships, audit)."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT)

    objects: Any = TenantManager()

    class Meta:
        abstract = True


class TenantRow(OrganisationOwned):
    """A row of an organisation's live or test side. Every key between such rows carries both."""

    livemode = models.BooleanField()

    class Meta:
        abstract = True


class TenantPart(TenantRow):
    """A tenant row under another one, to which its migration ties it by (organisation, mode, id).

    That key implies the organisation's, which would only be checked and indexed a second time.
    """

    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, db_constraint=False, db_index=False
    )

    class Meta:
        abstract = True
