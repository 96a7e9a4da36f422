"""The payment service of the running product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.payments_sandbox.service import Service


@pytest.fixture(scope="session")
def payments() -> Service:
    """Its sandbox, asked directly."""
    from django.conf import settings

    from tests.payments_sandbox.service import Service

    return Service(settings.PAYMENTS_URL, settings.PAYMENTS_SECRET_KEY)


@pytest.fixture
def silent(payments: Service) -> Iterator[Service]:
    """Meanwhile it tells the product nothing: the test does."""
    payments.control("weather", drop=1)
    yield payments
    payments.control("weather")
