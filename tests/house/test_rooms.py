"""The house stays one a newcomer can know: sizes, names, and nothing left lying about."""

from __future__ import annotations

import ast
import io
import re
import subprocess
from pathlib import Path

from django.core.management import call_command

from kling_saas import env

ROOT = env.ROOT
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    if (ROOT / name).exists()
]
SOURCES = [path for path in TRACKED if "migrations" not in path.parts]


def test_no_file_is_longer_than_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in SOURCES
        if (count := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def test_every_function_fits_a_screen() -> None:
    long = []
    for path in SOURCES:
        if path.parts[len(ROOT.parts)] in {"tests", "bench"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 60:
                    long.append(f"{path.relative_to(ROOT)}:{node.name} has {lines} lines")
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.name not in {"__init__.py", "conftest.py"}
        and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


def test_no_room_is_called_utils_or_helpers() -> None:
    vague = re.compile(r"^(utils?|helpers?|common|misc|services)$")
    assert [p for p in SOURCES if vague.match(p.stem)] == []


def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_djangos_checks_of_the_code_find_nothing() -> None:
    call_command("check", fail_level="WARNING", stdout=io.StringIO())


def test_env_example_lists_every_variable() -> None:
    """`.env.example` is written by `manage.py env_example`; here it is held to what is declared."""
    call_command("env_example", stdout=io.StringIO())
    shown = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.M))
    assert shown == set(env.declared)


def test_nothing_here_names_a_machine_or_a_host_of_packages() -> None:
    bad = re.compile(r"pythonhosted\.|pypi\.org|npmjs\.|deb\.debian\.org")
    texts = [p for p in SOURCES if p.name != Path(__file__).name]
    assert [p for p in texts if bad.search(p.read_text())] == []
