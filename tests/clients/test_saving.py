"""What the command `kling` orders is not lost: its place is tried first, and its id is told."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.clients.cutting import OTHER, bad_line
from tests.clients.terminals import Kling, on_a_terminal, seen
from tests.generations.programs import Program, available, settled
from tests.people import Customer
from tests.serving import Quiet, serving
from tests.waiting import until

ORDER = ("generate", "A fox", "--model", "kling-v1", "--yes")
OLDER = b"an older film"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("nowhere/fox.mp4", "No such file or directory"),
        ("older.mp4/fox.mp4", "Not a directory"),
        ("older.mp4", "is there already: --force replaces it"),
        ("/dev/null", "is there already, and no file"),
        (f"{'x' * 300}.mp4", "File name too long"),
    ],
)
def test_a_place_that_will_not_do_is_told_before_anything_is_ordered(
    kling: Kling, alice: Customer, api: Program, tmp_path: Path, place: str, why: str
) -> None:
    (tmp_path / "older.mp4").write_bytes(OLDER)
    refused = kling(*ORDER, "--output", place)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"kling: {place} ")
    assert why in refused.stderr
    assert "nothing was ordered" in refused.stderr
    assert api.get("/generations").json()["data"] == []
    assert available(alice) == 10_000
    assert [each.name for each in tmp_path.iterdir()] == ["older.mp4"]
    assert (tmp_path / "older.mp4").read_bytes() == OLDER


def test_a_file_that_is_there_is_replaced_where_that_is_asked_for(
    kling: Kling, tmp_path: Path
) -> None:
    older = tmp_path / "older.mp4"
    older.write_bytes(OLDER)
    made = kling(*ORDER, "-o", "older.mp4", "--force")
    assert (made.returncode, made.stdout) == (0, "older.mp4\n"), made.stderr
    assert b"ftyp" in older.read_bytes()[:12]
    (generation,) = re.findall(r"^ordered: (gen_\w+)$", made.stderr, re.MULTILINE)
    for place, file in (("older.mp4", "older.mp4"), (".", f"{generation}.mp4")):
        (tmp_path / file).write_bytes(OLDER)
        refused = kling("download", generation, "-o", place)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "--force replaces it" in refused.stderr
        assert (tmp_path / file).read_bytes() == OLDER
        assert kling("download", generation, "-o", place, "--force").stdout == f"{file}\n"
        assert b"ftyp" in (tmp_path / file).read_bytes()[:12]
    (tmp_path / "films").mkdir()
    into = kling("download", generation, "-o", "films")
    assert into.stdout == f"films/{generation}.mp4\n"


def test_a_person_is_asked_whether_a_file_may_go(
    surroundings: dict[str, str], tmp_path: Path, api: Program
) -> None:
    older = tmp_path / "older.mp4"
    older.write_bytes(OLDER)
    order = (*ORDER, "-o", "older.mp4")
    with on_a_terminal(surroundings, tmp_path, *order) as terminal:
        seen(terminal, "older.mp4 is there: replace it? [y/N]")
        os.write(terminal, b"\n")
        seen(terminal, "nothing was ordered")
    assert older.read_bytes() == OLDER
    assert api.get("/generations").json()["data"] == []
    with on_a_terminal(surroundings, tmp_path, *order) as terminal:
        seen(terminal, "[y/N]")
        os.write(terminal, b"y\n")
        seen(terminal, "ordered: gen_")
    assert b"ftyp" in older.read_bytes()[:12]


def test_a_film_that_the_disk_has_no_room_for_is_had_later(
    kling: Kling, surroundings: dict[str, str], tmp_path: Path, api: Program
) -> None:
    small = ["bash", "-c", 'ulimit -f 2 && exec kling "$@"', "kling", *ORDER, "-o", "fox.mp4"]
    full = subprocess.run(
        small, cwd=tmp_path, env=surroundings, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert (full.returncode, full.stdout) == (1, "")
    assert "fox.mp4 cannot be saved: File too large" in full.stderr
    (made,) = api.get("/generations").json()["data"]
    assert f"{made['id']} is made; save it by: kling download {made['id']}" in full.stderr
    assert list(tmp_path.iterdir()) == []
    assert kling("download", made["id"]).returncode == 0


def test_a_film_behind_a_bad_line_is_had_later(kling: Kling, site: str, api: Program) -> None:
    with bad_line(site) as line:
        line.strike("GET /media/", *[OTHER] * 5)
        lost = kling("--base-url", line.address, *ORDER)
    (made,) = api.get("/generations").json()["data"]
    assert (lost.returncode, lost.stdout) == (1, "")
    assert f"is made; save it by: kling download {made['id']}" in lost.stderr
    late = kling("generate", "A fox fail:never", "--model", "kling-v1", "-y", "--timeout", "1")
    assert late.returncode == 4
    assert re.search(r"goes on; once it is made, save it by: kling download gen_", late.stderr)


def test_a_film_that_fails_tells_what_came_back(kling: Kling, alice: Customer) -> None:
    failed = kling("generate", "fail:failed a fox", "--model", "kling-v1", "--yes")
    assert (failed.returncode, failed.stdout) == (4, "")
    assert "(upstream_failed); 10 credits came back" in failed.stderr
    assert "kling download" not in failed.stderr
    (generation,) = re.findall(r"^ordered: (gen_\w+)$", failed.stderr, re.MULTILINE)
    assert re.search(r"^came back +10 credits$", kling("get", generation).stdout, re.MULTILINE)
    assert available(alice) == 10_000


def test_a_wrong_address_and_a_missing_key_are_told_in_the_commands_words(
    kling: Kling, site: str
) -> None:
    wrong = kling("wallet", KLING_SAAS_BASE_URL=f"{site}/foo/")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert f"there seems to be no Kling SaaS at {site}/foo, " in wrong.stderr
    with serving(Quiet) as another:
        for words in (("wallet",), ORDER):
            wrong = kling("--base-url", another, *words)
            assert f"there seems to be no Kling SaaS at {another}, " in wrong.stderr
    keyless = kling("wallet", KLING_SAAS_API_KEY="")
    assert (keyless.returncode, keyless.stdout) == (1, "")
    assert "KLING_SAAS_API_KEY must be a key" in keyless.stderr
    assert f"{site}/dev/keys" in keyless.stderr
    assert "api_key" not in keyless.stderr
    nowhere = kling("wallet", KLING_SAAS_BASE_URL="")
    assert "--base-url or as KLING_SAAS_BASE_URL" in nowhere.stderr


def test_a_person_is_asked_and_sees_it_grow(
    surroundings: dict[str, str], tmp_path: Path, api: Program
) -> None:
    order = ("generate", "A fox", "--model", "kling-v1", "-o", "fox.mp4")
    with on_a_terminal(surroundings, tmp_path, *order) as terminal:
        assert "10 credits" in seen(terminal, "[y/N]")
        os.write(terminal, b"y\n")
        seen(terminal, "usually")
    assert (tmp_path / "fox.mp4").exists()
    with on_a_terminal(surroundings, tmp_path, *order) as terminal:
        seen(terminal, "[y/N]")
        os.write(terminal, b"\n")
        seen(terminal, "nothing was ordered")
    assert len(api.get("/generations").json()["data"]) == 1


def test_a_film_that_one_stops_waiting_for_goes_on(
    surroundings: dict[str, str], tmp_path: Path, api: Program
) -> None:
    order = ["kling", "generate", "A fox slow:12", "--model", "kling-v1", "--yes"]
    # Whatever runs the tests in the background may ignore the signal, and children inherit that.
    order = ["env", "--default-signal=INT", *order]
    with subprocess.Popen(
        order, cwd=tmp_path, env=surroundings, stderr=subprocess.PIPE, text=True
    ) as command:
        (made,) = until(lambda: api.get("/generations").json()["data"], what="the order")
        assert command.stderr
        until(lambda: command.stderr.readline().startswith(("queued", "processing")))
        command.send_signal(signal.SIGINT)
        said = command.stderr.read()
        assert command.wait(60) == 130
    assert f"kling download {made['id']}" in said
    assert settled(api, made["id"])["status"] == "succeeded"
    assert not list(tmp_path.glob(".*"))
