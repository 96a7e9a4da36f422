"""One real stack for the whole session; every test makes organisations of its own in it.

There is no per-test rollback: what customers do is committed, so tests are kept apart the way
customers are, by tenancy.
"""

from __future__ import annotations

import os
import tempfile

from tests.stack import Stack

STACK = Stack(tempfile.mkdtemp(prefix="kling-test-"))


def pytest_configure() -> None:
    """Before any test module is imported: a database, a schema, Django as the application role."""
    STACK.start()
    os.environ.update(STACK.environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
    import django

    django.setup()


def pytest_unconfigure() -> None:
    """End what was started and remove its folder."""
    from django.db import connections

    connections.close_all()
    STACK.stop()
