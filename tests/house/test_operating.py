"""The operators' page says of every alarm what to do."""

from __future__ import annotations

import re

from generations.models import AlarmKind
from generations.providers import alarms
from kling_saas.env import ROOT


def test_every_kind_of_alarm_is_in_the_table_once() -> None:
    page = (ROOT / "docs" / "operating.md").read_text().partition("## Alarms")[2]
    told = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|", page, re.M))
    assert {kind: re.sub("[*`]", "", way) for kind, way in told.items()} == alarms.WAY_OUT
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.M)) == sorted(AlarmKind.values)
