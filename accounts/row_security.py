"""Migration operations that put tenancy into the database: policies and composite keys.

PostgreSQL lets a plain foreign key point at another tenant's row, and shows the owner every row
unless row security is forced; these operations close both.
"""

from __future__ import annotations

from django.db.migrations.operations import RunSQL

# The sub-select makes the setting an InitPlan: read once per query, index usable.
_SETTING = "(SELECT current_setting('app.tenant', true))"


class Protect(RunSQL):
    """Force row security on `table`: its `column` must be the tenant of the scope."""

    def __init__(self, table: str, column: str = "organisation_id") -> None:
        rule = (
            f"({_SETTING} = '*' OR {column} = "
            f"(SELECT nullif(nullif(current_setting('app.tenant', true), ''), '*')::bigint))"
        )
        super().__init__(
            sql=(
                f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
                f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
                f"CREATE POLICY {table}_tenant ON {table} USING {rule} WITH CHECK {rule};"
            ),
            reverse_sql=(
                f"DROP POLICY {table}_tenant ON {table};"
                f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;"
                f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"
            ),
        )
        self.table = table

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        """As written in the migration: the SQL is derived."""
        return (self.__class__.__name__, [self.table], {})


class TenantKey(RunSQL):
    """Make (organisation, livemode, id) of `table` a key that composite foreign keys point at."""

    def __init__(self, table: str) -> None:
        super().__init__(
            sql=f"ALTER TABLE {table} ADD CONSTRAINT {table}_tenant_key "
            f"UNIQUE (organisation_id, livemode, id);",
            reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {table}_tenant_key;",
        )


class TenantReference(RunSQL):
    """`table.column` may only point at a row of `target` in the same organisation and mode."""

    def __init__(self, table: str, column: str, target: str) -> None:
        name = f"{table}_{column}_same_tenant"[:63]
        super().__init__(
            sql=f"ALTER TABLE {table} ADD CONSTRAINT {name} "
            f"FOREIGN KEY (organisation_id, livemode, {column}) "
            f"REFERENCES {target} (organisation_id, livemode, id) DEFERRABLE INITIALLY DEFERRED;",
            reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {name};",
        )
