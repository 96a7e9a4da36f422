"""The vendors' published snippets run against us with another host and key, and nothing else.

They are kept word for word in `seeds/`; indentation that their pages lost is restored.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests import commands
from tests.generations.programs import Program, available
from tests.people import Customer

SEEDS = Path(__file__).parent / "seeds"
_sleep = time.sleep


def run(name: str, key: str, hosts: dict[str, str], **known: Any) -> dict[str, Any]:
    """What a snippet leaves behind."""
    text = (SEEDS / f"{name}.txt").read_text().replace("YOUR_API_KEY", key)
    for vendor, ours in hosts.items():
        text = text.replace(vendor, ours)
    # The page writes JSON's `true` into Python.
    names: dict[str, Any] = {"true": True, **known}
    exec(compile(text, name, "exec"), names)
    return names


@pytest.mark.parametrize("prefix", ["", "/segmind"])
@pytest.mark.parametrize(
    ("name", "dollars", "model"),
    [
        ("000-segmind-kling-text2video", 0.28, "kling-v1"),
        ("001-segmind-kling-3-standard-text2video", 1.26, "kling-v3"),
        ("002-segmind-kling-2.1", 0.98, "kling-v2-1"),
    ],
)
def test_segminds_pages_make_films(
    site: str, alice: Customer, api: Program, name: str, prefix: str, dollars: float, model: str
) -> None:
    left = run(name, alice.test_key, {"https://api.segmind.com": site + prefix})

    assert left["response"].status_code == 200
    result = left["result"]
    assert (result["status"], result["metrics"]["cost"]) == ("COMPLETED", dollars)
    assert result["output"] == result["video"]["url"]
    assert left["response"].headers["x-cost"] == f"{dollars:.3f}"
    assert left["response"].headers["x-request-id"] == result["request_id"]
    assert float(left["response"].headers["x-remaining-credits"]) == 280 - dollars
    assert float(left["response"].headers["x-generation-time"]) > 0
    made = api.get(f"/generations/{result['request_id']}").json()
    assert (made["model"], made["status"]) == (model, "succeeded")


@pytest.mark.parametrize("prefix", ["", "/llmprovider"])
def test_llmproviders_page_makes_a_task(
    site: str, alice: Customer, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts = {"https://platform.llmprovider.ai": site + prefix}
    left = run("003-llmprovider-text2video", alice.test_key, hosts)

    assert capsys.readouterr().out.startswith("Response: {'task_id':")
    task = left["response"].json()
    assert set(task) == {"task_id", "task_info", "task_status", "created_at", "updated_at"}
    assert task["task_status"] == "submitted"
    assert abs(task["created_at"] / 1000 - time.time()) < 60


def test_llmproviders_curl_makes_a_task(site: str, alice: Customer) -> None:
    text = (SEEDS / "003-llmprovider-curl.txt").read_text()
    done = subprocess.run(
        ["bash", "-c", text.replace("https://platform.llmprovider.ai", site)],
        env={**os.environ, "YOUR_API_KEY": alice.test_key},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["task_status"] == "submitted"


def test_llmproviders_javascript_makes_a_task(site: str, alice: Customer, tmp_path: Path) -> None:
    modules = str(commands.npm_install("axios@1.7.9", tmp_path))
    text = (SEEDS / "003-llmprovider-nodejs.txt").read_text()
    text = text.replace("YOUR_API_KEY", alice.test_key)
    done = subprocess.run(
        [commands.NODE, "-e", text.replace("https://platform.llmprovider.ai", site)],
        env={**commands.SURROUNDINGS, "NODE_PATH": modules},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Response: {")
    assert "task_status: 'submitted'" in done.stdout


@pytest.mark.parametrize("prefix", ["", "/kling"])
def test_klings_page_makes_and_polls_films_and_names_its_own_mistake(
    site: str,
    alice: Customer,
    pair: tuple[str, str],
    prefix: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KLING_ACCESS_KEY", pair[0])
    monkeypatch.setenv("KLING_SECRET_KEY", pair[1])
    monkeypatch.setattr(time, "sleep", lambda _: _sleep(0.2))
    hosts = {"https://api.klingai.com": site + prefix}

    left = run("004-kling-text2video", "", hosts)
    printed = capsys.readouterr().out
    assert "Video URL: http" in printed
    assert "Duration: 5s" in printed
    assert left["result"]["data"]["final_unit_deduction"] == "2.5"
    assert left["task"]["data"]["warnings"] == [
        "cfg_scale was dropped: kling-v2-6 has no cfg_scale; available with kling-v1, kling-v1-5, "
        "kling-v1-6, kling-v3."
    ]

    audio = run("004-kling-audio", "", hosts, **_names(left))["response"]
    assert (audio.status_code, audio.json()["code"]) == (200, 0)
    assert available(alice) == 10_000 - 25 - 100

    # Three axes where the page's own rule, two lines below, allows one.
    camera = run("004-kling-camera", "", hosts, **_names(left))["response"]
    assert (camera.status_code, camera.json()["code"]) == (400, 1201)
    assert "has 3 axes other than 0, type simple takes exactly one" in camera.json()["message"]


def _names(left: dict[str, Any]) -> dict[str, Any]:
    return {name: left[name] for name in ("requests", "BASE", "get_headers")}
