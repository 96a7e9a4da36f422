"""The database: PostgreSQL only."""

from __future__ import annotations

import os
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from kling_saas import env

DATABASE_URL = env.text(
    "DATABASE_URL", "", "PostgreSQL as the application role (no owner, no superuser)."
)
DATABASE_OWNER_URL = env.text(
    "DATABASE_OWNER_URL", "", "The same database as the migrating role that owns the tables."
)
DATABASE_DIRECT_URL = env.text(
    "DATABASE_DIRECT_URL", "", "For LISTEN, when DATABASE_URL goes through a pooler."
)

DATABASE_PREPARE = env.flag(
    "DATABASE_PREPARE", True, "Prepare hot statements. Off behind a pooler that loses them."
)


def _database(url: str) -> dict[str, Any]:
    """Django's form of a libpq address; raises ConfigError when libpq cannot read it."""
    try:
        parts = {k: v for k, v in conninfo_to_dict(url).items() if v is not None}
    except Exception as error:  # noqa: BLE001 - libpq's own error class is private
        raise env.ConfigError(f"DATABASE_URL cannot be read: {error}") from None
    return {
        "ENGINE": "kling_saas.lib.postgresql",
        "NAME": str(parts.pop("dbname", "")),
        "USER": str(parts.pop("user", "")),
        "PASSWORD": str(parts.pop("password", "")),
        "HOST": str(parts.pop("host", "")),
        "PORT": str(parts.pop("port", "")),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,  # PgBouncer in transaction mode holds
        "OPTIONS": parts,
    }


# manage.py sets this for the commands that change the schema; everything else is the application.
DATABASE_AS_OWNER = os.environ.get("KLING_DATABASE_ROLE") == "owner"
DATABASES = {"default": _database(DATABASE_OWNER_URL if DATABASE_AS_OWNER else DATABASE_URL)}
DATABASE_APP_ROLE = _database(DATABASE_URL)["USER"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
