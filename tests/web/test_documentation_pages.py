"""What the pages for programmers say works as it stands there, and leaves nothing out."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from PIL import Image

from accounts import access_keys, tenancy
from generations.errors import FAILURES
from generations.views.words import _FAULTS
from kling_saas import env
from tests.generations.programs import funded, native

_ENDS = re.compile(r'\b(?:_?give_up|fail)\(\s*\w+,\s*"(\w+)"|_FINAL = \{(.*?)\}', re.DOTALL)


def examples(site: str) -> list[str]:
    """The commands of /docs, in their order."""
    page = requests.get(f"{site}/docs", timeout=60).text
    return [html.unescape(each) for each in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)]


@pytest.mark.parametrize(
    ("nth", "door", "told"),
    [
        (0, "native", ("id",)),
        (1, "kling", ("data", "task_id")),
        (2, "kling", ("data", "task_id")),
        (3, "segmind", ("request_id",)),
        (4, "llmprovider", ("task_id",)),
        (5, "openai", ("id",)),
    ],
)
def test_every_example_orders_a_film_as_it_stands(
    site: str, nth: int, door: str, told: tuple[str, ...]
) -> None:
    alice = funded()
    with tenancy.scope(alice.organisation.pk):
        pair, secret = access_keys.issue(alice.organisation.pk, livemode=False, name="docs")
    command = examples(site)[nth].replace("ksk_test_…", alice.test_key)
    command = command.replace("ACCESS_KEY", pair.access_key).replace("SECRET_KEY", secret)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command], env={"PATH": path}, capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    for name in told:
        answer = answer[name]
    assert native(site, alice.test_key).get(f"/generations/{answer}").status_code == 200, door


def test_a_file_is_sent_as_it_stands_there(site: str, tmp_path: Path) -> None:
    Image.new("RGB", (300, 300), "teal").save(tmp_path / "photo.jpg")
    command = examples(site)[6].replace("ksk_test_…", funded().test_key)
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert (told["id"][:4], told["content_type"], told["width"]) == ("upl_", "image/jpeg", 300)


def test_every_way_in_which_a_film_fails_is_explained(site: str) -> None:
    page = requests.get(f"{site}/docs/errors", timeout=60).text
    sources = "".join(path.read_text() for path in (env.ROOT / "generations").glob("*.py"))
    used = set()
    for one, table in _ENDS.findall(sources):
        used |= {one} if one else set(re.findall(r'"(\w+)"', table))
    assert used <= set(FAILURES)
    assert len(used) >= 8
    assert set(_FAULTS) <= set(FAILURES)
    for code in FAILURES:
        assert f'id="failed-{code}"' in page
    assert "`" not in page
    assert "There is no such generation" in page


def test_every_member_of_a_result_is_explained(site: str) -> None:
    page = html.unescape(requests.get(f"{site}/docs", timeout=60).text)
    tasks = requests.get(f"{site}/api/v1/tasks", timeout=60).json()["data"]
    told = {task["name"]: task["result"] for task in tasks if task["result"]}
    assert {"identify-face", "custom-voice", "custom-element", "preview-selection"} <= set(told)
    for name, result in told.items():
        cell = rf'rowspan="\d+">[^<]*\b{name}\b[^<]*</td>'
        (rows,) = re.findall(rf"{cell}(.*?)(?:rowspan|</tbody>)", page, re.DOTALL)
        for member, schema in result["properties"].items():
            assert f">{member}</td>" in rows
            assert schema["description"] in rows
