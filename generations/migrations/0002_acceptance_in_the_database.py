"""Row-level security, composite keys, append-only events, and accepting in one round trip."""

from django.db import migrations

from accounts.row_security import Protect, TenantKey, TenantReference
from generations import sql_functions

TENANT_TABLES = [
    "generations_generation",
    "generations_attempt",
    "generations_generationevent",
    "generations_upload",
    "generations_video",
]


class Migration(migrations.Migration):
    dependencies = [
        ("generations", "0001_initial"),
        ("accounts", "0002_tenancy_in_the_database"),
        ("billing", "0002_the_ledger_in_the_database"),
    ]

    operations = [
        *[Protect(table) for table in TENANT_TABLES],
        TenantKey("generations_generation"),
        TenantKey("billing_quote"),
        TenantReference("generations_generation", "hold_id", "billing_hold"),
        TenantReference("generations_generation", "quote_id", "billing_quote"),
        TenantReference("generations_generation", "api_key_id", "accounts_apikey"),
        TenantReference("generations_generation", "access_key_id", "accounts_accesskey"),
        TenantReference("generations_attempt", "generation_id", "generations_generation"),
        TenantReference("generations_generationevent", "generation_id", "generations_generation"),
        TenantReference("generations_video", "generation_id", "generations_generation"),
        migrations.RunSQL(
            "CREATE INDEX generation_unfinished ON generations_generation "
            "(organisation_id, livemode, status, id) WHERE finished_at IS NULL;"
            "CREATE INDEX generation_by_account ON generations_generation (account_id) "
            "WHERE status IN ('submitting', 'in_flight');"
            "CREATE INDEX generation_lately ON generations_generation (model, kind, livemode, id) "
            "WHERE status = 'succeeded';",
            "DROP INDEX generation_unfinished; DROP INDEX generation_by_account;"
            "DROP INDEX generation_lately;",
        ),
        migrations.RunSQL(
            sql_functions.ACCEPT + sql_functions.IN_FLIGHT,
            sql_functions.DROP_ACCEPT + sql_functions.DROP_FIGURES,
        ),
        migrations.RunSQL(
            "CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE "
            "ON generations_generationevent FOR EACH ROW EXECUTE FUNCTION refuse_change();",
            "DROP TRIGGER events_are_append_only ON generations_generationevent;",
        ),
    ]
