"""The Python client as its users have it: a wheel that stands alone, a README that runs."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client as McpClient
from mcp import StdioServerParameters

from generations.catalogue.newcomers import FIRST_MODEL
from kling_saas import env
from kling_saas_client.version import __version__
from tests.clients.cutting import LOST, UNSENT, bad_line
from tests.clients.terminals import CLIENT, Kling
from tests.generations.programs import Program, available, settled
from tests.people import Customer

BLOCKS = re.findall(r"```python\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)


def test_agents_programs_start_its_server_as_the_readme_and_the_docs_say(
    surroundings: dict[str, str], tmp_path: Path
) -> None:
    readme, page = (CLIENT / "README.md", env.ROOT / "templates" / "docs" / "pages" / "agents.md")
    for text in (readme.read_text(), page.read_text()):
        (config,) = re.findall(r"```json(?: copy)?\n(.*?)```", text, re.DOTALL)
        (server,) = json.loads(config)["mcpServers"].values()
        assert surroundings.keys() > server["env"].keys()
        words = [str(tmp_path) if each == "/home/me/Films" else each for each in server["args"]]
        started = StdioServerParameters(
            command=server["command"], args=words, env=surroundings, cwd=tmp_path
        )
        assert asyncio.run(_left(started)) == 200


async def _left(server: StdioServerParameters) -> int:
    async with McpClient(server) as program:
        answer = await program.call_tool("wallet", {})
        assert answer.structured_content
        return int(answer.structured_content["this_run"]["left"])


@pytest.mark.parametrize("nth", range(len(BLOCKS)))
def test_every_example_of_the_readme_runs(
    surroundings: dict[str, str], tmp_path: Path, nth: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BLOCKS[nth]],
        cwd=tmp_path, env=surroundings, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert all(b"ftyp" in path.read_bytes()[:12] for path in tmp_path.iterdir())


def test_types_reach_its_users(installed: Path, tmp_path: Path) -> None:
    """What each client gives is known to a checker, and what no order has is found by it."""
    script = tmp_path / "program.py"
    script.write_text(
        "from kling_saas_client import AsyncClient, Client\n"
        "reveal_type(Client().generations.get('gen_1').wait())\n"
        "reveal_type(AsyncClient().generations.list())\n"
        "AsyncClient().uploads.create(b'')\n"
        "Client().generations.create(model='kling-v1', duration='5')\n"
        "Client().quotes.create(colour='red')\n"
    )
    settings = ["--strict", "--config-file=", f"--cache-dir={tmp_path}", "--no-error-summary"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *settings, script.name], cwd=tmp_path, text=True,
        env={**os.environ, "MYPYPATH": str(installed)}, capture_output=True, check=False,
    )  # fmt: skip
    told = [
        re.sub(r"kling_saas_client\.\w+\.|typing\.", "", line) for line in done.stdout.splitlines()
    ]
    lines = [line.partition(": ")[2] for line in told]
    assert lines[:2] == [
        'note: Revealed type is "Generation[Sync]"',
        'note: Revealed type is "AsyncIterator[Generation[Async]]"',
    ]
    assert '"Coroutine[Any, Any, Upload]" must be used' in lines[2]  # nobody awaits it
    assert 'Argument "duration"' in lines[4]
    assert 'Unexpected keyword argument "colour"' in lines[5]


def test_the_command_begins_with_the_model_that_newcomers_are_led_to(kling: Kling) -> None:
    told = json.loads(kling("price", "A fox", "--json").stdout)
    assert told["input"]["model"] == FIRST_MODEL


def test_the_command_makes_a_film_for_its_price(
    kling: Kling, alice: Customer, tmp_path: Path
) -> None:
    order = ("generate", "A fox", "--model", "kling-v1", "--output", "fox.mp4")
    asked = kling(*order)
    assert (asked.returncode, asked.stdout) == (5, "")
    assert "10 credits ($0.280)" in asked.stderr
    dear = kling(*order, "--max-cost", "9")
    assert (dear.returncode, dear.stdout) == (5, "")
    assert available(alice) == 10_000
    made = kling(*order, "--max-cost", "10")
    assert (made.returncode, made.stdout) == (0, "fox.mp4\n"), made.stderr
    assert b"ftyp" in (tmp_path / "fox.mp4").read_bytes()[:12]
    assert available(alice) == 10_000 - 10
    keyed = (*order, "--yes", "--force", "--idempotency-key", "of-monday")
    ends = [kling(*keyed).returncode for _ in range(2)]
    assert (ends, available(alice)) == ([0, 0], 10_000 - 20)


def test_the_command_serves_scripts(kling: Kling, tmp_path: Path, photo: bytes) -> None:
    (tmp_path / "first.jpg").write_bytes(photo)
    film = ("--model", "kling-v1", "--image", "first.jpg", "--field", "cfg_scale=0.7")
    price = json.loads(kling("price", "It turns", *film, "--json").stdout)
    assert (price["credits"], price["input"]["cfg_scale"]) == (10, 0.7)
    made = kling("generate", "It turns", *film, "--yes", "--json")
    told = json.loads(made.stdout)
    assert (told["status"], told["kind"]) == ("succeeded", "image2video"), made.stderr
    assert (tmp_path / told["saved"]).stat().st_size == told["video"]["bytes"]
    listed = [json.loads(line) for line in kling("list", "--json").stdout.splitlines()]
    assert [each["id"] for each in listed] == [told["id"]]
    assert told["id"] in kling("list", "--limit", "1").stdout
    assert "10 charged" in kling("get", told["id"]).stdout
    saved = kling("download", told["id"], "-o", "again.mp4")
    assert (saved.returncode, saved.stdout) == (0, "again.mp4\n")
    assert "kling-v1" in kling("models").stdout
    assert json.loads(kling("wallet", "--json").stdout)["available"] == 9_990
    assert "9990" in kling("wallet").stdout
    events = kling("events", "--type", "generation.*", "--json").stdout.splitlines()
    assert json.loads(events[-1])["type"] == "generation.succeeded"


def test_a_sound_is_saved_as_one(kling: Kling, api: Program, tmp_path: Path) -> None:
    speech = {"task": "tts", "text": "Good evening.", "voice": "AOT", "language": "en"}
    made = api.post("/generations", speech).json()
    settled(api, made["id"])
    assert kling("download", made["id"]).stdout.strip().endswith(f"{made['id']}.mp3")


def test_a_picture_may_be_given_as_data(kling: Kling, photo: bytes) -> None:
    data = base64.b64encode(photo).decode()
    priced = kling("price", "It turns", "--model", "kling-v1", "--image", data, "--json")
    assert json.loads(priced.stdout)["credits"] == 10, priced.stderr


def test_what_goes_wrong_is_told_on_stderr_with_a_code(kling: Kling, alice: Customer) -> None:
    wrong = kling("price", "A fox", "--model", "kling-v1", "--duration", "7", "--json")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "duration" in wrong.stderr
    assert len(wrong.stderr.splitlines()) == 2  # each violation once
    assert "/docs/errors#invalid_request" in wrong.stderr
    failed = kling("generate", "A fox fail:moderation", "--model", "kling-v1", "--yes")
    assert (failed.returncode, failed.stdout) == (4, "")
    assert "moderation" in failed.stderr
    assert kling("get", "gen_none").returncode == 1
    assert kling("fly").returncode == 2
    assert kling("--version").stdout == f"kling-saas-client {__version__}\n"
    assert kling("wallet", KLING_SAAS_API_KEY="").returncode == 1
    assert available(alice) == 10_000


@pytest.mark.parametrize("command", ["models", "price A --json"])
def test_whoever_reads_no_further_is_no_error(
    surroundings: dict[str, str], tmp_path: Path, command: str
) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"kling {command} | true"], cwd=tmp_path,
        env=surroundings, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_site_that_is_away_is_another_code(kling: Kling) -> None:
    away = kling("--base-url", "http://127.0.0.1:9", "wallet")
    assert (away.returncode, away.stdout) == (3, "")
    assert "5 tries" in away.stderr


def test_whoever_lost_the_reply_to_an_order_is_sent_to_look_before_another(
    kling: Kling, site: str, api: Program
) -> None:
    order = ("generate", "A fox", "--model", "kling-v1", "--yes", "--no-wait")
    with bad_line(site) as line:
        line.strike("POST /api/v1/generations$", LOST, *[UNSENT] * 4)
        lost = kling("--base-url", line.address, *order)
    assert (lost.returncode, lost.stdout) == (3, "")
    assert "kling list" in lost.stderr
    (made,) = api.get("/generations").json()["data"]
    assert made["id"] in kling("list").stdout
