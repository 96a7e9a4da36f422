"""Row-level security, composite keys, append-only audit, and the look-ups that precede a tenant."""

from django.db import migrations

from accounts import sql_functions
from accounts.row_security import Protect, TenantKey, TenantReference

MODE_TABLES = [
    "accounts_apikey",
    "accounts_accesskey",
    "accounts_endusertoken",
    "accounts_idempotencyrecord",
    "accounts_outboxmessage",
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        Protect("accounts_organisation", column="id"),
        Protect("accounts_membership"),
        Protect("accounts_auditevent"),
        *[Protect(table) for table in MODE_TABLES],
        *[TenantKey(table) for table in MODE_TABLES],
        TenantReference("accounts_endusertoken", "api_key_id", "accounts_apikey"),
        TenantReference("accounts_endusertoken", "access_key_id", "accounts_accesskey"),
        migrations.RunSQL(
            sql_functions.FIND_API_KEY
            + sql_functions.FIND_ACCESS_KEY
            + sql_functions.FIND_TOKEN
            + sql_functions.MEMBERSHIPS
            + sql_functions.CHANGES
            + sql_functions.RATES
            + sql_functions.APPEND_ONLY,
            sql_functions.DROP_ALL,
        ),
        migrations.RunSQL(
            "CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON accounts_auditevent "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change();",
            "DROP TRIGGER audit_is_append_only ON accounts_auditevent;",
        ),
    ]
