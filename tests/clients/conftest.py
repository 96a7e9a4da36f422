"""A customer with both clients of the Python package, and her program beside them.

Imports wait for the fixtures: this file is read before the product runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kling_saas_client import Client
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
    """What she sees without the package."""
    from tests.generations import programs

    return programs.native(site, alice.test_key)


@pytest.fixture
def client(site: str, alice: Customer) -> Iterator[Client]:
    """Hers in test mode."""
    from kling_saas_client import Client

    with Client(alice.test_key, site) as made:
        yield made


@pytest.fixture
def server() -> Iterator[Receiver]:
    """Her server."""
    from tests.accounts.receiving import receiving

    with receiving() as this:
        yield this


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A picture that films may begin with."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (640, 360), "teal").save(file, "JPEG")
    return file.getvalue()
