"""A product of its own for the tests: database in a fresh folder, schema by the real command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from kling_saas import env
from kling_saas.run.postgres import APP, OWNER, EmbeddedPostgres


class Stack:
    """Starts in about 3 s; `environment` is what a process needs to talk to it."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.folder.chmod(0o711)
        self.postgres = EmbeddedPostgres(self.folder / "postgres", tuning={"fsync": "off"})
        self.environment: dict[str, str] = {}

    def start(self) -> None:
        self.postgres.start()
        self.environment = {
            "VAR": str(self.folder),
            "DATABASE_URL": self.postgres.url(APP),
            "DATABASE_OWNER_URL": self.postgres.url(OWNER),
            "SECRET_KEY": "only-for-tests-" + "x" * 40,
            "ENCRYPTION_KEYS": "k1:" + "A" * 43 + "=",
            "DEMO": "1",
            "LOG_LEVEL": "ERROR",
        }
        self.manage("migrate", "--skip-checks", "-v0")

    def manage(self, *arguments: str) -> str:
        """Run a management command against this stack; its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=env.ROOT,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
