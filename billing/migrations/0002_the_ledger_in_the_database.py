"""Row-level security, composite keys, the money functions, and who may call what."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

from accounts.row_security import Protect, TenantKey, TenantReference

SQL = Path(__file__).resolve().parent.parent / "sql"
MONEY = [
    "billing_wallet",
    "billing_walletfreeze",
    "billing_spending",
    "billing_endusersum",
    "billing_lot",
    "billing_hold",
    "billing_holdlot",
    "billing_transfer",
]
OWNED = [
    "billing_quote",
    "billing_cap",
    "billing_capraise",
    "billing_capalert",
    "billing_approvalrequest",
    "billing_voucheruse",
    "billing_paymentcustomer",
    "billing_purchase",
    "billing_gift",
    "billing_subscription",
    "billing_refund",
    "billing_dispute",
    "billing_walletsettings",
    "billing_notice",
    "billing_referral",
    "billing_referralcode",
]
KEYS = [
    "billing_wallet", "billing_lot", "billing_hold", "billing_spending", "billing_cap",
    "billing_purchase",
]  # fmt: skip
OF_A_WALLET = [
    "billing_lot", "billing_hold", "billing_transfer", "billing_walletfreeze", "billing_spending",
    "billing_endusersum", "billing_cap", "billing_capraise", "billing_capalert", "billing_approvalrequest",
    "billing_walletsettings",
]  # fmt: skip
DOORS = [
    "billing_open_wallet(bigint, boolean)",
    "billing_grant(bigint, boolean, bigint, text, timestamptz, text, text, bigint, text)",
    "billing_announce(bigint, boolean, bigint, text)",
    "billing_withdraw(bigint, boolean, text, text)",
    "billing_reserve(bigint, boolean, bigint, text, bigint, text, text, text)",
    "billing_capture(bigint, bigint)",
    "billing_release(bigint)",
    "billing_expire_lots(timestamptz)",
    "billing_claw_back(bigint, boolean, bigint, text, text, text)",
    "billing_refund(bigint, boolean, bigint, text, text, text, text)",
    "billing_reinstate(bigint, boolean, text, text, text)",
    "billing_write_off(bigint, boolean, text, text, text)",
    "billing_roll_over(bigint, boolean, bigint, timestamptz, text)",
    "billing_redeem_gift(bigint, boolean, text, text, text)",
    "billing_gift_stopped(billing_purchase)",
    "billing_freeze(bigint, boolean, text, text)",
    "billing_thaw(bigint, boolean, text)",
    "billing_standing(billing_cap)",
    "billing_window(text, timestamptz)",
    "billing_signup_grants(text, timestamptz)",
    "billing_subscribers(text, text[])",
    "billing_invited()",
    "billing_drift(bigint)",
    "billing_change(text, text, text, bigint)",
]
INSIDE = [
    "billing_post(bigint, text, text, text, bigint, bigint, bigint, text, text, text)",
    "billing_take(billing_lot, bigint, text, text, text, text, text)",
    "billing_count(bigint, boolean, bigint, bigint, bigint, text, text, text)",
    "billing_sum_end_users()",
    "billing_hold_to_caps(bigint, bigint, bigint, text, text)",
    "billing_require_amount(bigint)",
    "billing_lock_wallet(bigint, boolean)",
    "billing_expire_lot(bigint)",
    "billing_pin_lots(bigint, boolean, bigint, bigint, bigint)",
    "billing_unpin_lots(bigint, bigint)",
    "billing_pinned(bigint)",
    "billing_settle_debt(bigint, bigint[], text)",
    "billing_debt(billing_transfer)",
    "billing_given(bigint, boolean, text)",
    "billing_announced(bigint, boolean, text)",
    "billing_replayed_hold(bigint, boolean, bigint, text)",
    "billing_refuse_reservation(bigint, boolean, text, bigint, bigint)",
    "billing_settle(bigint, text, bigint)",
    "billing_transfer_continues()",
    "billing_wallet_agrees()",
    "billing_price_is_for_a_draft()",
]


def load(name: str) -> migrations.RunSQL:
    """The functions and triggers of a file."""
    return migrations.RunSQL((SQL / name).read_text(encoding="utf-8"), migrations.RunSQL.noop)


def let_the_application_in(apps: Any, schema_editor: Any) -> None:
    """The application reads money and calls the doors; it writes no money table itself."""
    tables, doors = ", ".join(MONEY), ", ".join(DOORS)
    schema_editor.execute(f"REVOKE ALL ON FUNCTION {doors}, {', '.join(INSIDE)} FROM PUBLIC;")
    application = settings.DATABASE_APP_ROLE
    if application in {"", schema_editor.connection.settings_dict["USER"]}:
        return
    role = sql.Identifier(application).as_string(None)
    schema_editor.execute(
        f"REVOKE ALL ON {tables} FROM {role}; GRANT SELECT ON {tables} TO {role};"
        f"GRANT EXECUTE ON FUNCTION {doors} TO {role};"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
        ("accounts", "0002_tenancy_in_the_database"),
    ]

    operations = [
        *[Protect(table) for table in [*MONEY, *OWNED]],
        *[TenantKey(table) for table in KEYS],
        *[TenantReference(table, "wallet_id", "billing_wallet") for table in OF_A_WALLET],
        TenantReference("billing_capraise", "cap_id", "billing_cap"),
        TenantReference("billing_capalert", "cap_id", "billing_cap"),
        TenantReference("billing_approvalrequest", "cap_id", "billing_cap"),
        TenantReference("billing_refund", "purchase_id", "billing_purchase"),
        TenantReference("billing_dispute", "purchase_id", "billing_purchase"),
        TenantReference("billing_referral", "purchase_id", "billing_purchase"),
        TenantReference("billing_gift", "purchase_id", "billing_purchase"),
        TenantReference("billing_hold", "spending_id", "billing_spending"),
        TenantReference("billing_holdlot", "hold_id", "billing_hold"),
        TenantReference("billing_holdlot", "lot_id", "billing_lot"),
        TenantReference("billing_transfer", "hold_id", "billing_hold"),
        TenantReference("billing_transfer", "lot_id", "billing_lot"),
        # Room on the page for the row that every posting rewrites.
        migrations.RunSQL(
            "ALTER TABLE billing_wallet SET (fillfactor = 50);"
            "ALTER TABLE billing_spending SET (fillfactor = 50);"
            "ALTER TABLE billing_endusersum SET (fillfactor = 50);"
            "ALTER TABLE billing_lot SET (fillfactor = 70);"
            "ALTER TABLE billing_hold SET (fillfactor = 80);",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            migrations.RunSQL.noop, f"DROP FUNCTION {', '.join([*DOORS, *INSIDE])} CASCADE;"
        ),
        load("posting.sql"),
        load("caps.sql"),
        load("ledger.sql"),
        load("returns.sql"),
        load("gifts.sql"),
        load("upkeep.sql"),
        load("referrals.sql"),
        load("guards.sql"),
        migrations.RunPython(let_the_application_in, migrations.RunPython.noop),
    ]
