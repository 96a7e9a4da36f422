"""A customer of one story's own, with a picture to order by."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:  # read before the product is set up
    from tests.generations.programs import Program
    from tests.people import Customer


@pytest.fixture(scope="module")
def customer() -> Customer:
    from tests.generations.programs import funded

    return funded()


@pytest.fixture(scope="module")
def api(site: str, customer: Customer) -> Program:
    from tests.generations.programs import native

    return native(site, customer.test_key)


@pytest.fixture(scope="module")
def picture(api: Program) -> str:
    out = io.BytesIO()
    Image.new("RGB", (480, 360), "teal").save(out, "PNG")
    return str(api.post("/uploads", data=out.getvalue()).json()["id"])
