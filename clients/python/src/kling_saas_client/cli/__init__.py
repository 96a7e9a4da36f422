"""The command `kling`: films from a terminal and from scripts."""

from kling_saas_client.cli.main import main

__all__ = ["main"]
