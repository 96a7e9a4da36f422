"""One sandbox for the whole folder; tests that kill start their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.upstream import Mailbox, Upstream


@pytest.fixture(scope="session")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    found = Upstream(Path(tmp_path_factory.mktemp("sandbox")))
    yield found
    found.stop()


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    found = Mailbox()
    yield found
    found.close()
