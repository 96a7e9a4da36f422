"""The packages that a site serves: what pip and npm install by an address, and caches keep."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import requests

from kling_saas import env
from tests import commands
from tests.people import Customer

PYTHON, JAVASCRIPT = "/clients/kling_saas_client.tar.gz", "/clients/kling-saas.tgz"
BOTH = [(PYTHON, "python"), (JAVASCRIPT, "js")]
_FILM = """
import { KlingSaaS } from "kling-saas";
console.log((await new KlingSaaS().wallet.get()).available > 0);
"""


def _served(site: str, path: str) -> tuple[str, bytes]:
    """The name with its version, and the archive, without what packs it."""
    served = requests.get(site + path, timeout=60)
    assert served.headers["Content-Type"] == "application/gzip"
    return served.url.rpartition("/")[2], gzip.decompress(served.content)


def _tracked(folder: str) -> set[str]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=env.ROOT / "clients" / folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return set(done.stdout.split())


@pytest.mark.parametrize(("path", "folder"), BOTH)
def test_an_archive_holds_the_sources_and_nothing_else(site: str, path: str, folder: str) -> None:
    _, served = _served(site, path)
    with tarfile.open(fileobj=io.BytesIO(served)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names == _tracked(folder)


@pytest.mark.parametrize(("path", "folder"), BOTH)
def test_another_content_has_another_version(site: str, path: str, folder: str) -> None:
    """Tools keep what they once got from an address: raise the version, then write it down."""
    name, served = _served(site, path)
    known = (env.ROOT / "clients" / "VERSIONS").read_text().splitlines()
    (noted,) = (line.partition(" ")[2] for line in known if line.startswith(f"{name} "))
    assert noted == hashlib.sha256(served).hexdigest(), f"clients/{folder} has changed"


@pytest.mark.parametrize("path", [PYTHON, JAVASCRIPT])
def test_caches_ask_whether_it_changed(site: str, path: str) -> None:
    first = requests.get(site + path, timeout=60)
    assert [before.status_code for before in first.history] == [302]
    again = requests.get(first.url, headers={"If-None-Match": first.headers["ETag"]}, timeout=60)
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert set(first.headers["Cache-Control"].split(", ")) == {"public", "no-cache"}


def test_other_names_are_not_found(site: str) -> None:
    for name in ("kling-saas", "..%2Fmanage.py", "kling-saas.tar.gz", "kling-saas-0.0.1.tgz"):
        assert requests.get(f"{site}/clients/{name}", timeout=60).status_code == 404, name


def test_pip_installs_the_client_and_its_command(
    site: str, tmp_path: Path, alice: Customer
) -> None:
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--target", str(tmp_path), site + PYTHON],
        check=True, capture_output=True,
    )  # fmt: skip
    told = subprocess.run(
        [sys.executable, tmp_path / "bin" / "kling", "wallet", "--json"],
        env={"PYTHONPATH": str(tmp_path), **_reader(site, alice)},
        check=True, capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert json.loads(told.stdout)["available"] > 0


def test_npm_installs_the_client(site: str, tmp_path: Path, alice: Customer) -> None:
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--cache", tmp_path / "kept",
         site + JAVASCRIPT],
        cwd=tmp_path, env=commands.SURROUNDINGS, check=True, capture_output=True,
    )  # fmt: skip
    done = subprocess.run(
        [commands.NODE, "--input-type=module", "--eval", _FILM],
        cwd=tmp_path, env=_reader(site, alice), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("true\n", "")


def _reader(site: str, alice: Customer) -> dict[str, str]:
    return {
        "PATH": commands.PATH,
        "KLING_SAAS_BASE_URL": site,
        "KLING_SAAS_API_KEY": alice.test_key,
    }
