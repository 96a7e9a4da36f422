#!/usr/bin/env python3
"""Django's command line; the commands that change the schema run as the migrating role."""

import os
import sys

SCHEMA_COMMANDS = {
    "prepare",
    "migrate",
    "makemigrations",
    "sqlmigrate",
    "createcachetable",
    "showmigrations",
}


def main() -> None:
    """Run a management command, turning a bad setting into one clear line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kling_saas.settings")
    if len(sys.argv) > 1 and sys.argv[1] in SCHEMA_COMMANDS:
        os.environ["KLING_DATABASE_ROLE"] = "owner"
    from django.core.management import execute_from_command_line

    from kling_saas.env import ConfigError
    from kling_saas.lib.postgresql.base import NoDatabase

    try:
        execute_from_command_line(sys.argv)
    except (ConfigError, NoDatabase) as error:
        sys.exit(f"Configuration: {error}")


if __name__ == "__main__":
    main()
