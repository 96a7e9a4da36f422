"""The database keeps tenants apart, whatever the code above it does: asked of its own catalogue."""

from __future__ import annotations

import os
import subprocess
import sys

from django.apps import apps
from django.db import connection

from accounts.tenancy import OrganisationOwned, TenantRow
from kling_saas import env
from tests.stack import Stack

ORGANISATION_ONLY = {
    "accounts_membership", "accounts_auditevent", "accounts_invitation",
    "billing_paymentcustomer", "billing_referralcode", "generations_recipe",
}  # fmt: skip


def ask(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def tenant_tables() -> set[str]:
    return {
        str(name)
        for (name,) in ask(
            "SELECT table_name FROM information_schema.columns "
            "WHERE column_name = 'organisation_id' AND table_schema = 'public'"
        )
    }


def test_we_are_neither_owner_nor_superuser() -> None:
    ((superuser, bypass, owned),) = ask(
        "SELECT rolsuper, rolbypassrls, (SELECT count(*) FROM pg_class WHERE relowner = r.oid) "
        "FROM pg_roles r WHERE rolname = current_user"
    )
    assert (superuser, bypass, owned) == (False, False, 0)


def test_who_starts_it_as_the_owner_is_refused_however_the_address_is_spelt(stack: Stack) -> None:
    owner = stack.setting("DATABASE_OWNER_URL")
    for url in (owner, owner + ("&" if "?" in owner else "?") + "application_name=us"):
        done = subprocess.run(
            [sys.executable, "manage.py", "work"], cwd=env.ROOT, capture_output=True, text=True,
            check=False, env={**os.environ, **stack.environment, "DATABASE_URL": url},
        )  # fmt: skip
        assert done.returncode == 1
        assert "kling.E003" in done.stderr


def test_every_tenant_table_forces_row_security_with_a_policy() -> None:
    tables = tenant_tables() | {"accounts_organisation"}
    assert len(tables) >= 15
    for table in sorted(tables):
        ((enabled, forced),) = ask(
            f"SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = '{table}'"
        )
        assert (enabled, forced) == (True, True), table
        policies = ask(f"SELECT 1 FROM pg_policies WHERE tablename = '{table}'")
        assert policies, table


def test_every_tenant_model_is_declared_as_one() -> None:
    declared = {m._meta.db_table for m in apps.get_models() if issubclass(m, OrganisationOwned)}
    assert declared == tenant_tables()
    with_mode = {m._meta.db_table for m in apps.get_models() if issubclass(m, TenantRow)}
    assert declared - with_mode == ORGANISATION_ONLY


def test_every_reference_between_mode_tables_carries_tenant_and_mode() -> None:
    """A plain foreign key accepts another tenant's row; row security does not help there."""
    modes = tenant_tables() - ORGANISATION_ONLY
    plain = ask(
        "SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text "
        "FROM pg_constraint c JOIN pg_attribute a "
        "ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
        "WHERE c.contype = 'f' AND cardinality(c.conkey) = 1"
    )
    composite = {
        (table, column)
        for table, column in ask(
            "SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c "
            "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[3] "
            "WHERE c.contype = 'f' AND cardinality(c.conkey) = 3"
        )
    }
    for table, column, target in plain:
        if table in modes and target in modes:
            assert (table, column) in composite, f"{table}.{column} → {target}"


def test_outside_a_scope_every_tenant_table_is_empty() -> None:
    for table in sorted(tenant_tables() | {"accounts_organisation"}):
        assert ask(f"SELECT count(*) FROM {table}") == [(0,)], table
