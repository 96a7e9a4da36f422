"""One real stack for the whole session; every test makes organisations of its own in it.

There is no per-test rollback: what customers do is committed, so tests are kept apart the way
customers are, by tenancy.
"""

from __future__ import annotations

import os

import pytest

from tests.stack import Stack

STACK = Stack(STEP_ATTEMPTS="3")  # a film that cannot be used is given up after 4 s, not 44


def pytest_configure() -> None:
    """Before any test module is imported: the product runs, Django here is one more part of it."""
    os.environ.update(STACK.environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
    STACK.start()
    import django

    django.setup()


def pytest_unconfigure() -> None:
    """End what was started and remove its folder."""
    from django.db import connections

    connections.close_all()
    STACK.stop()


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The running product."""
    return STACK


@pytest.fixture(scope="session")
def site() -> str:
    """Its address, without a slash at the end."""
    return STACK.site
