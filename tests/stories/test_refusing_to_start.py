"""When `make run` cannot start it says why in one line, and leaves nothing running."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kling_saas import env
from tests.stack import free_ports

DIFFER = "PORT, SANDBOX_PORT and PAYMENTS_PORT must differ"


def run(cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """`make run` with these settings and none of this test's own."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "kling_saas.run"],
        cwd=cwd, env={**clean, **settings}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line it said."""
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert done.returncode == 1, said
    lines = [line for line in said.splitlines() if line.strip()]
    assert len(lines) == 1, said
    assert lines[0].startswith("Cannot start: "), said
    return lines[0].removeprefix("Cannot start: ")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A data folder that several refused starts share: the first makes its database."""
    folder = tmp_path_factory.mktemp("place")
    for each in (folder, *list(folder.parents)[:2]):
        each.chmod(0o711)
    return str(folder / "var")


@pytest.fixture
def ports() -> dict[str, str]:
    """Three free ones."""
    return dict(
        zip(("PORT", "SANDBOX_PORT", "PAYMENTS_PORT"), map(str, free_ports(3)), strict=True)
    )


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT", "PAYMENTS_PORT"])
def test_a_port_in_use_is_named_with_the_way_out(
    tmp_path: Path, ports: dict[str, str], name: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(ports[name])))
        taken.listen()
        said = refusal(run(env.ROOT, VAR=str(tmp_path / "var"), **ports))
    other = int(ports[name]) + 100
    assert said == (
        f"port {ports[name]} cannot be used (Address already in use): "
        f"choose another with `make run {name}={other}` (and VAR=var-two to run beside another one)"
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"PORT": "abc"}, "PORT='abc' must be a whole number of at least 1"),
        ({"PORT": "0"}, "PORT='0' must be a whole number of at least 1"),
        ({"PORT": "65536"}, "PORT='65536' must be a whole number from 1 to 65535"),
        ({"PORT": "8123", "SANDBOX_PORT": "8123"}, DIFFER),
        ({"PORT": "8123", "PAYMENTS_PORT": "8123"}, DIFFER),
        ({"ONLY_DATABASE": "perhaps"}, "ONLY_DATABASE='perhaps' is not a switch: write 1 or 0"),
    ],
)
def test_a_setting_of_its_own_out_of_limits_is_named(
    tmp_path: Path, ports: dict[str, str], settings: dict[str, str], says: str
) -> None:
    assert refusal(run(env.ROOT, **{"VAR": str(tmp_path / "var"), **ports, **settings})) == says
    assert not (tmp_path / "var").exists()


def test_the_last_port_has_the_sandboxes_below_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = refusal(run(env.ROOT, VAR=str(tmp_path / "file" / "var"), PORT="65535"))
    assert said.startswith("the data folder")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"SANDBOX_SPEED": "fast"}, "SANDBOX_SPEED='fast' must be a number above 0"),
        ({"LEASE_SECONDS": "1"}, "LEASE_SECONDS='1' must be a whole number of at least 5"),
        ({"SANDBOX_FILM": "huge"}, "SANDBOX_FILM='huge' must be one of: full, small, tiny"),
        ({"EMAIL_URL": "mail.example.com"}, "EMAIL_URL must look like smtp+tls://"),
        ({"SECRET_KEY_FILE": "/nowhere/key"}, "SECRET_KEY_FILE: "),
        (
            {"STRIPE_SECRET_KEY": "pk_live_1"},
            "STRIPE_SECRET_KEY must begin with sk_test_, sk_live_",
        ),
        ({"CURRENCY": "US$"}, "CURRENCY='US$' must be three small letters"),
        ({"CURRENCY": "jpy"}, "CURRENCY=jpy has no cents"),
        ({"CURRENCY": "eur"}, "CURRENCY=eur and CURRENCY_PER_DOLLAR=1 do not fit"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_a_setting_of_the_product_out_of_limits_is_named(
    place: str, ports: dict[str, str], settings: dict[str, str], says: str
) -> None:
    done = run(env.ROOT, VAR=place, **ports, **settings)
    assert refusal(done).startswith(says)


def test_a_database_that_cannot_be_reached_is_named(tmp_path: Path, ports: dict[str, str]) -> None:
    address = "postgresql://{}:secret@127.0.0.1:1/none"
    urls = {"DATABASE_URL": address.format("app"), "DATABASE_OWNER_URL": address.format("owner")}
    said = refusal(run(env.ROOT, VAR=str(tmp_path / "var"), **urls, **ports))
    assert said.startswith("the database cannot be used: ")
    assert "port 1 failed: Connection refused" in said
    assert "secret" not in said


def test_a_command_without_a_database_says_which_variable_names_it(tmp_path: Path) -> None:
    given = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    given |= {"VAR": str(tmp_path), "SECRET_KEY": "of-a-test-" * 6}
    given |= {"DATABASE_URL": "", "DATABASE_OWNER_URL": ""}  # whatever .env says
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=env.ROOT, env=given, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Configuration: there is no database: set DATABASE_URL")
    assert done.stderr.endswith("where it was given a VAR, give the same one here)\n")
    assert done.stderr.count("\n") == 1


def test_a_data_folder_that_cannot_be_written_is_named(
    tmp_path: Path, ports: dict[str, str]
) -> None:
    (tmp_path / "file").touch()
    for place, why in ((tmp_path / "file", "File exists"), (tmp_path / "file" / "var", "Not a dir"),
                       (Path("/proc/kling"), "")):  # fmt: skip
        said = refusal(run(env.ROOT, VAR=str(place), **ports))
        assert said.startswith(f"the data folder {place} cannot be written ({why}")
        assert said.endswith("set VAR to a folder you own")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("PORT 8000", ".env line 2 is not NAME=value: write it so, or start it with #"),
        ("SITE_URL='https://x", ".env line 2: the quote is not closed"),
        ("\xff\xfe", ".env cannot be read: "),
    ],
    ids=["no equals sign", "open quote", "not UTF-8"],
)
def test_a_broken_line_of_the_settings_file_is_named_by_its_number(
    tmp_path: Path, ports: dict[str, str], line: str, says: str
) -> None:
    copy = tmp_path / "copy"
    for package in ("kling_saas", "generations"):
        shutil.copytree(env.ROOT / package, copy / package)
    (copy / ".env").write_bytes(b"# mine\n" + line.encode("latin-1") + b"\n")
    assert refusal(run(copy, VAR=str(tmp_path / "var"), **ports)).startswith(says)


def make_environment(folder: Path) -> str:
    """What `make` says, for somebody without powers, where it cannot make the environment."""
    done = subprocess.run(
        ["make", "-f", env.ROOT / "Makefile", ".venv/bin/python"],
        cwd=folder, user=65534 if os.geteuid() == 0 else None, env={"PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder that others may look into and not write."""
    for each in (tmp_path, *list(tmp_path.parents)[:2]):
        each.chmod(0o755)
    (tmp_path / "clone").mkdir(mode=0o555)
    return tmp_path / "clone"


def test_a_clone_that_cannot_be_written_is_named(clone: Path) -> None:
    said = "This folder cannot be written: clone into one that you own"
    assert make_environment(clone) == said


def test_an_environment_that_was_there_before_is_left_to_its_owner(clone: Path) -> None:
    clone.chmod(0o777)
    (clone / ".venv").symlink_to("/nowhere")
    said = ".venv is here, and its Python cannot be run: remove it and try again"
    assert make_environment(clone) == said
    assert (clone / ".venv").is_symlink()
