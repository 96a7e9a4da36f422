"""A customer, its program in test mode, and its server for events.

Imports wait for the fixtures: this file is read before the product runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.accounts.receiving import Receiver
    from tests.generations.programs import Program
    from tests.people import Customer


@pytest.fixture
def alice() -> Customer:
    """A customer with credits."""
    from tests.generations import programs

    return programs.funded()


@pytest.fixture
def api(site: str, alice: Customer) -> Program:
    """Her program in test mode."""
    from tests.generations import programs

    return programs.native(site, alice.test_key)


@pytest.fixture
def server() -> Iterator[Receiver]:
    """Her server."""
    from tests.accounts.receiving import receiving

    with receiving() as this:
        yield this
