"""What the pages for programmers say leaves nothing out, and reads as Markdown too."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import urldefrag

import pytest
import requests

from generations.errors import FAILURES
from generations.views.words import _FAULTS
from kling_saas import env
from kling_saas.lib.refusals import Refusal
from kling_saas.web.docs.pages import PAGES
from tests.conftest import DIALECTS

_ENDS = re.compile(r'\b(?:_?give_up|fail)\(\s*\w+,\s*"(\w+)"|_FINAL = \{(.*?)\}', re.DOTALL)


def _page(site: str, path: str, **headers: str) -> requests.Response:
    answer = requests.get(site + path, headers=headers, timeout=60)
    assert answer.status_code == 200, path
    return answer


def test_each_page_is_markdown_too_under_two_names(site: str) -> None:
    for page in PAGES.values():
        shown = _page(site, page.path)
        assert f'<link rel="alternate" type="text/markdown" href="{page.twin}"' in shown.text
        assert "Accept" in shown.headers["Vary"]
        told = _page(site, page.twin)
        assert told.headers["Content-Type"] == "text/markdown; charset=utf-8"
        assert told.text.startswith(f"# {page.title}\n")
        assert "{{" not in told.text.replace("'{{", "")
        assert _page(site, page.path, Accept="text/markdown").text == told.text
    assert requests.get(f"{site}/docs/no-such-page", timeout=60).status_code == 404
    assert requests.get(f"{site}/docs/no-such-page.md", timeout=60).status_code == 404


def test_the_list_for_programs_names_every_page(site: str) -> None:
    listed = re.findall(r"\]\((\S+)\): ", _page(site, "/llms.txt").text)
    assert [each for each in listed if each.endswith(".md")] == [
        site + page.twin for page in PAGES.values()
    ]


def test_every_link_between_the_pages_leads_somewhere(site: str) -> None:
    texts = {page.path: _page(site, page.path).text for page in PAGES.values()}
    missing = []
    for here, text in texts.items():
        for link in re.findall(r'href="((?:/docs|#)[^"]*)"', text):
            path, anchor = urldefrag(html.unescape(link))
            there = texts.get(path or here)
            if path.endswith(".md") and path.startswith("/docs/"):
                continue
            if there is None or (anchor and f'id="{anchor}"' not in there):
                missing.append(f"{here}: {link}")
    assert missing == []


def _codes(base: type[Refusal]) -> set[str]:
    own = {base.code} if "code" in vars(base) and base is not Refusal else set()
    return own.union(*(_codes(kind) for kind in base.__subclasses__()))


def test_every_code_is_explained_with_what_to_do(site: str) -> None:
    page = _page(site, "/docs/errors").text
    assert [code for code in _codes(Refusal) if f'id="{code}"' not in page] == []


def test_every_way_in_which_a_film_fails_is_explained(site: str) -> None:
    page = _page(site, "/docs/errors").text
    sources = "".join(path.read_text() for path in (env.ROOT / "generations").glob("*.py"))
    used = set()
    for one, table in _ENDS.findall(sources):
        used |= {one} if one else set(re.findall(r'"(\w+)"', table))
    assert used <= set(FAILURES)
    assert len(used) >= 8
    assert set(_FAULTS) <= set(FAILURES)
    for code in FAILURES:
        assert f'id="failed-{code}"' in page
    assert "There is no such generation" in page


def test_every_member_of_a_result_is_explained(site: str) -> None:
    page = html.unescape(_page(site, "/docs/tasks").text)
    tasks = requests.get(f"{site}/api/v1/tasks", timeout=60).json()["data"]
    told = {task["name"]: task["result"] for task in tasks if task["result"]}
    assert {"identify-face", "custom-voice", "custom-element", "preview-selection"} <= set(told)
    for name, result in told.items():
        (rows,) = re.findall(rf"<h3[^>]*>[^<]*\b{name}\b[^<]*</h3>(.*?)</table>", page, re.DOTALL)
        for member, schema in result["properties"].items():
            assert f"<code>{member}</code>" in rows
            assert schema["description"] in rows


@pytest.mark.parametrize(
    "document",
    ["api/v1/schema", *(f"{name}/openapi.json" for name in DIALECTS)],
)
def test_every_operation_is_in_the_reference(site: str, document: str) -> None:
    name = document.partition("/")[0]
    slugs = [s for s in PAGES if s.startswith("reference-")]
    if name != "api":
        slugs = [f"reference-{name}"]
    told = "".join(_page(site, PAGES[slug].twin).text for slug in slugs)
    paths = json.loads(_page(site, f"/{document}").text)["paths"]
    begin = "" if name == "api" else f"{site}/{name}"
    missing = [
        f"{method.upper()} {path}"
        for path, item in paths.items()
        for method in item
        if method != "parameters" and f"{method.upper()} {begin}{path}\n" not in told
    ]
    assert missing == []


def test_every_field_of_a_task_is_on_its_page(site: str) -> None:
    page = html.unescape(_page(site, "/docs/tasks").text)
    for task in requests.get(f"{site}/api/v1/tasks", timeout=60).json()["data"]:
        (rows,) = re.findall(rf'<h3 id="fields-{task["name"]}">(.*?)</table>', page, re.DOTALL)
        for name, schema in task["schema"]["properties"].items():
            if name != "task":
                needed = " <strong>required" if name in task["schema"]["required"] else "</td>"
                assert f"<code>{name}</code>{needed}" in rows
                assert schema["description"] in rows


def test_the_table_of_an_order_says_of_which_models_each_part_is_true(site: str) -> None:
    told = _page(site, "/docs/reference-generations.md").text
    order = told[told.index("## Order a film") :].partition("**200**")[0]
    rows = dict(re.findall(r"^\| `(\w+)`[^|]*(\|.*)$", order, re.MULTILINE))
    assert "/docs/tasks" in order
    models = requests.get(f"{site}/api/v1/models", timeout=60).json()["data"]
    assert [each["name"] for each in models if f"`{each['name']}`" not in rows["model"]] == []
    assert "Only with kling-v3: 4k has 2160p." in rows["mode"]
    assert "Only with kling-v1 and kling-v2-master: pro has 720p." in rows["mode"]
    assert "Only with kling-v2-1: Required." in rows["image"]
    assert "WebP" in rows["image"]


def test_what_is_typed_once_can_be_copied_and_is_no_example_to_run(site: str) -> None:
    for slug, words in (("clients", "npm install"), ("agents", "mcpServers")):
        shown = _page(site, f"/docs/{slug}").text
        samples = shown.split('<div class="sample">')[1:]
        (install,) = [each for each in samples if words in re.sub(r"<[^>]+>", "", each)]
        assert "data-copy=" in install
        assert "data-run" not in install
