"""One payments sandbox for the folder; tests that kill or need settings start their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.payments_sandbox.service import SECRET, Listener, Payments


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    """Who is told of everything: the endpoint that the environment names."""
    found = Listener()
    yield found
    found.close()


@pytest.fixture(scope="session")
def payments(tmp_path_factory: pytest.TempPathFactory, listener: Listener) -> Iterator[Payments]:
    data = Path(tmp_path_factory.mktemp("payments"))
    hook = {"PAYMENTS_WEBHOOK_URL": listener.url, "PAYMENTS_WEBHOOK_SECRET": SECRET}
    found = Payments(data, **hook)
    yield found
    found.stop()
