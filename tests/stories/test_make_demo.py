"""`make demo`: one film over the API, whether or not the product runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_saas import env
from tests.stack import Stack


@pytest.fixture
def place() -> Iterator[Stack]:
    """A folder and ports where nothing runs."""
    made = Stack()
    yield made
    made.stop()


def demo(place: Stack, where: Path) -> subprocess.CompletedProcess[str]:
    """As the Makefile calls it, but for the folder that the film is saved in."""
    given = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return subprocess.run(
        [sys.executable, "-m", "kling_saas.run.demo", "A fox in fresh snow"],
        cwd=where,
        env={**given, **place.environment, "PYTHONPATH": str(env.ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def told(said: str) -> dict[str, str]:
    """The lines that tell price, file and wallet, by their first word."""
    lines = [line.split(None, 1) for line in said.splitlines()]
    return {line[0]: line[1] for line in lines if len(line) == 2}


def test_the_demo_starts_the_product_where_none_runs_and_stops_it(
    place: Stack, tmp_path: Path
) -> None:
    done = demo(place, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    facts = told(done.stdout)
    price = int(facts["Price"].split()[0])
    assert facts["Wallet"] == f"10000 → {10_000 - price} credits"
    assert "capture" in done.stdout
    assert "\r" not in done.stdout  # nobody watches: nothing is drawn
    (film,) = tmp_path.glob("gen_*.mp4")
    assert film.read_bytes()[4:8] == b"ftyp"
    assert not (place.folder / "run.pid").exists()


def test_the_demo_uses_the_product_that_runs(stack: Stack, tmp_path: Path) -> None:
    done = demo(stack, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "starting the product" not in done.stdout
    assert len(list(tmp_path.glob("gen_*.mp4"))) == 1
    assert (stack.folder / "run.pid").exists()


def test_the_demo_says_in_one_line_why_the_product_does_not_start(
    place: Stack, tmp_path: Path
) -> None:
    place.environment["PORT"] = "many"
    done = demo(place, tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip() == "Cannot start: PORT='many' must be a whole number of at least 1"
