"""A customer with both clients of the Python package, and her program beside them.

Imports wait for the fixtures: this file is read before the product runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import commands
from tests.clients.terminals import CLIENT

if TYPE_CHECKING:
    from kling_saas_client import Client
    from tests.accounts.receiving import Receiver
    from tests.clients.terminals import Kling
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


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel was installed to, built from the sources."""
    folder = tmp_path_factory.mktemp("client")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=CLIENT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"kling_saas_client/py.typed", "kling_saas_client/cli/main.py"} <= set(names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"kling_saas_client"}
    install = ["uv", "pip", "install", "-q", "--no-deps", "--offline", "--python", sys.executable]
    subprocess.run(
        [*install, "--target", str(folder / "site"), str(wheel)],
        check=True, capture_output=True, env=commands.SURROUNDINGS,
    )  # fmt: skip
    return folder / "site"


@pytest.fixture
def surroundings(installed: Path, site: str, alice: Customer) -> dict[str, str]:
    """The environment of a program that has nothing but the package."""
    return {
        "PATH": f"{installed / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(installed),
        "KLING_SAAS_API_KEY": alice.test_key,
        "KLING_SAAS_BASE_URL": f"{site}/",
    }


@pytest.fixture
def kling(surroundings: dict[str, str], tmp_path: Path) -> Kling:
    """The command, typed in an empty folder."""

    def typed(*words: str, **changed: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["kling", *words], cwd=tmp_path, env=surroundings | changed, capture_output=True,
            text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return typed
