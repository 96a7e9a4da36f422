"""The table of faults names tests that exist."""

from __future__ import annotations

import re

from kling_saas.env import ROOT

_TABLE = (ROOT / "docs" / "faults.md").read_text()


def test_the_table_has_all_its_rows_in_order() -> None:
    rows = re.findall(r"^\| (\d+) \|", _TABLE, re.M)
    assert len(rows) >= 55
    assert rows == [str(n) for n in range(1, len(rows) + 1)]


def test_every_test_that_the_table_names_exists() -> None:
    named = re.findall(r"\[`(tests/[\w/]+\.py)(?:::(\w+))?`\]\(\.\./\1\)", _TABLE)
    missing = [
        f"{path}::{test}"
        for path, test in named
        if not (ROOT / path).exists() or (test and f"def {test}(" not in (ROOT / path).read_text())
    ]
    assert (len(named), missing) == (_TABLE.count("`tests/"), [])
