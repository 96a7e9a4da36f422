"""Everything at once: by hand with and without changes, and by the bell, once for all processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.generations.programs import FILM, native, settled
from tests.stack import Stack

ORPHAN = f"inputs/1/{'ab' * 32}"
_BEGIN = """
import io, json, os, time
from datetime import timedelta
from pathlib import Path
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
django.setup()
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone
from accounts import tenancy
from generations import due
from generations.models import Alarm, Reconciliation, Video
from generations.reconciliation import run

media, begun = Path(settings.MEDIA_ROOT), time.monotonic()

def film(public_id):
    while time.monotonic() < begun + 60:
        with tenancy.system("a test"):
            video = Video.objects.get(generation__public_id=public_id)
        if video.preview_due_at is None:
            return video.key

def stray(key):
    path = media / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"nobody's")
    os.utime(path, (time.time() - 3 * 86_400,) * 2)
    return path

def reconciled(*how):
    out = io.StringIO()
    try:
        call_command("reconcile", *how, stdout=out)
    except SystemExit as end:
        return [end.code, out.getvalue()]
    return [0, out.getvalue()]

def everything():
    own_life = {"generations_heartbeat", "django_q_ormq"}
    tables = {m._meta.db_table for m in apps.get_models() if not m._meta.proxy} - own_life
    rows = {}
    with tenancy.system("a test looks at every row"), connection.cursor() as cursor:
        for table in sorted(tables & set(connection.introspection.table_names())):
            cursor.execute(f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) "
                           f"FROM {table} t")
            rows[table] = cursor.fetchone()
    files = {str(p): p.stat().st_mtime for p in media.rglob("*") if p.is_file()}
    return rows, files

def alarms():
    rows = Alarm.objects.filter(resolved_at=None).values_list("kind", "subject")
    return [list(row) for row in rows]

told = {}
"""
_BY_HAND = """
key = film(GENERATION)
told["key"] = key
told["clean"] = reconciled()
one = stray(ORPHAN)
kept = (media / key).rename(media.parent / "kept.mp4")
before = everything()
told["dry"] = reconciled("--dry-run")
told["moved"] = everything() != before
told["sizes"] = [len(before[0]), len(before[1])]
told["account"] = [*reconciled("--account", "sandbox-kling"), one.exists()]
told["json"] = reconciled("--json")
told["stray"], told["alarms"] = one.exists(), alarms()
kept.rename(media / key)
told["after"], told["silent"] = reconciled(), alarms()
told["recorded"] = list(Reconciliation.objects.filter(by_hand=True).order_by("started_at")
                        .values_list("account", "left"))
print(json.dumps(told))
"""
_BY_BELL = """
from concurrent.futures import ThreadPoolExecutor
Reconciliation.objects.update(started_at=timezone.now() - timedelta(days=2))
before = set(Reconciliation.objects.values_list("pk", flat=True))
one = stray(ORPHAN)
told["due"] = due.reconciliation()

def session(_):
    run.session()
    connections.close_all()

with ThreadPoolExecutor(8) as pool:
    list(pool.map(session, range(8)))
while due.reconciliation():
    run.session()
new = Reconciliation.objects.exclude(pk__in=before)
told["new"] = [[r.by_hand, r.finished_at is not None, r.left, r.counts] for r in new]
told["stray"] = one.exists()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Stack]:
    """A product where nothing else happens."""
    made = Stack()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def by_hand(place: Stack) -> dict[str, Any]:
    """What an operator saw who looked, lost a film, looked again, and found it."""
    program = native(place.site, place.facts["test_key"])
    film = settled(program, program.post("/generations", FILM).json()["id"])
    given = f"GENERATION, ORPHAN = {film['id']!r}, {ORPHAN!r}\n"
    found: dict[str, Any] = json.loads(place.python(_BEGIN + given + _BY_HAND).splitlines()[-1])
    return found


def test_where_everything_agrees_it_says_so_and_exits_0(by_hand: dict[str, Any]) -> None:
    assert by_hand["clean"] == [0, "Everything agrees.\n"]


def test_a_dry_run_tells_and_moves_nothing(by_hand: dict[str, Any]) -> None:
    code, text = by_hand["dry"]
    assert "orphan file (1)\n" in text
    assert f"{ORPHAN}  no upload names it [would be: deleted]\n" in text
    assert f"{by_hand['key']}  the file of a film is gone [LEFT TO YOU]\n" in text
    assert (code, text.splitlines()[-1]) == (1, "2 found, 1 left to you.")
    tables, files = by_hand["sizes"]
    assert (by_hand["moved"], tables > 30, files >= 3) == (False, True, True)


def test_the_run_does_what_the_dry_run_said_and_rings_until_it_is_mended(
    by_hand: dict[str, Any],
) -> None:
    code, text = by_hand["json"]
    rows = [json.loads(line) for line in text.splitlines()]
    assert sorted((row["kind"], row["subject"], row["done"], row["left"]) for row in rows) == [
        ("missing file", by_hand["key"], "", True),
        ("orphan file", ORPHAN, "deleted", False),
    ]
    assert (code, by_hand["stray"]) == (1, False)
    assert by_hand["alarms"] == [["missing", by_hand["key"]]]
    assert (by_hand["after"], by_hand["silent"]) == ([0, "Everything agrees.\n"], [])


def test_one_account_alone_leaves_files_alone(by_hand: dict[str, Any]) -> None:
    assert by_hand["account"] == [0, "Everything agrees.\n", True]


def test_what_changed_something_is_recorded_and_a_dry_run_is_not(by_hand: dict[str, Any]) -> None:
    assert by_hand["recorded"] == [["", 0], ["sandbox-kling", 0], ["", 1], ["", 0]]


def test_an_account_that_is_none_is_refused(place: Stack) -> None:
    assert place.manage("reconcile", "--account", "nobody", check=False) == ""


def test_of_many_processes_one_reconciles(place: Stack) -> None:
    given = f"ORPHAN = {ORPHAN!r}\n"
    seen = json.loads(place.python(_BEGIN + given + _BY_BELL).splitlines()[-1])
    counts = {"orphan file": {"found": 1, "done": 1, "left": 0}}
    assert (seen["due"], seen["stray"]) == (True, False)
    assert seen["new"] == [[False, True, 0, counts]]
