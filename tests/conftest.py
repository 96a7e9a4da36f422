"""One real stack for each process that runs tests; every test makes organisations of its own in it.

There is no per-test rollback: what customers do is committed, so tests are kept apart the way
customers are, by tenancy.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.stack import Stack, prepared

if TYPE_CHECKING:
    from tests.selling import Seller

DIALECTS = ("kling", "segmind", "llmprovider", "openai")
# A film that cannot be used is given up after 4 s, not 44; a dead upstream is tried every 2 s, and
# so often may an order be sent again; what tests change about accounts is in force at once. Each
# dialect has a host name of its own.
STACK = Stack(
    STEP_ATTEMPTS="3",
    BREAKER_OPEN_MAX="2",
    RETRY_TRICKLE_SECONDS="2",
    OPERATOR_CHANGES_SECONDS="0.2",
    DIALECT_HOSTS=",".join(f"{name}.test={name}" for name in DIALECTS),
    ALLOWED_HOSTS=",".join(["127.0.0.1", "localhost", *(f"{name}.test" for name in DIALECTS)]),
)
_kept = ExitStack()  # until the session ends
# Of each property so many examples are drawn; `make properties` draws more.
settings.register_profile(
    "house",
    max_examples=int(os.environ.get("EXAMPLES", "40")),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is imported: the product starts, and its settings are written, of
    which Django here is one more part.

    With `-n 3` each of the three workers runs a product of its own, and the process that only
    hands out the tests prepares what they begin with.
    """
    if _hands_out_only(config):
        _kept.enter_context(prepared())
        return
    os.environ.update(STACK.environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
    STACK.begin()
    import django

    django.setup()
    from django.contrib import admin

    admin.autodiscover()  # as in the web's processes


def pytest_collection_finish(session: pytest.Session) -> None:
    """Returns when the site answers: the tests were read while it started."""
    if not _hands_out_only(session.config):
        STACK.ready()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End what was started and remove its folder.

    Here, because who hands out the tests waits for this as long as it takes; after it a process
    that runs tests is given ten seconds, then it is killed, and its product would live on.
    """
    if not _hands_out_only(session.config):
        from django.db import connections

        connections.close_all()
    STACK.stop()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Of a session that never began too, nothing stays."""
    STACK.stop()
    _kept.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure, what the product has said last: its folder does not outlive it."""
    report = yield
    if report.failed:
        report.sections.append(("the product's log", STACK.said()))
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first: they mostly wait, while the short tests fill the rest."""
    long = ("stories", "web", "reconciliation")
    items.sort(key=lambda item: item.path.parent.name not in long)


def _hands_out_only(config: pytest.Config) -> bool:
    return bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The running product."""
    return STACK


@pytest.fixture(scope="session")
def site() -> str:
    """Its address, without a slash at the end."""
    return STACK.site


@pytest.fixture
def sell(stack: Stack) -> Iterator[Seller]:
    """Makes upstream accounts of the test's own (tests.selling)."""
    from tests import selling

    yield from selling.seller(stack)
