"""Alice's program with her test key, and Mallory's with hers.

Imports wait for the fixtures: this file is read before the product runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.generations.programs import Program
    from tests.people import Customer


@pytest.fixture
def alice() -> Customer:
    """A customer with credits."""
    from tests.generations import programs

    return programs.funded()


@pytest.fixture
def api(site: str, alice: Customer) -> Program:
    """Alice's program in test mode."""
    from tests.generations import programs

    return programs.native(site, alice.test_key)


@pytest.fixture
def mallory(site: str) -> Program:
    """A stranger's program."""
    from tests.generations import programs

    return programs.native(site, programs.funded("mallory").test_key)
