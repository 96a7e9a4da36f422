"""The JavaScript client as its users have it: what is packed, its types, a README that runs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import commands
from tests.clients.javascript import PACKAGE, Node
from tests.people import Customer

BLOCKS = re.findall(r"```js\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
TYPESCRIPT = "typescript@5.9.3"
# Interfaces whose names in the document are others.
DOCUMENTED = {"Cap": "KeyCap", "Delivery": "WebhookDeliveryWithLog", "Resent": "Resend"}
# Members that only some answers have, or that the document passes over.
ELSEWHERE = {
    "Key": {"secret"},
    "WebhookEndpoint": {"secret"},
}
PROGRAM = """
import { KlingSaaS, verifyWebhook, InvalidRequest } from "kling-saas";
const client = new KlingSaaS({ timeout: 1000 });
const made = await client.generations.create({ model: "kling-v1", image: new Blob([]) });
const seconds: number | undefined = (await made.wait()).video?.duration;
for await (const each of client.generations.list({ from: new Date(), to: "2099" })) each.id;
await client.generations.create({ task: "tts", text: "Hello", max_cost: 5 });
const kind: string = (await verifyWebhook("", {}, ["whsec_"])).type;
const batch = await client.generations.batch([]);
for (const { generation, problem } of batch.data) generation?.id ?? problem?.code;
export const say = (error: unknown) => error instanceof InvalidRequest && error.violations[0].field;
const lost: Blob = made.download();
await client.generations.create({ model: "kling-v1", duration: "5" });
await client.quotes.create({ colour: "red" });
export { seconds, kind };
"""
# What each part has, and each error: a getter or a method of its own.
SHAPES = """
const own = (kind) => Object.getOwnPropertyNames(kind.prototype).filter(
  (name) => name !== "constructor" && name !== "name").sort();
const parts = Object.values(client).map((part) => part.constructor);
const exported = Object.values(package_).filter((each) => each.prototype);
const kinds = [...exported, ...parts];
return Object.fromEntries(kinds.map((kind) => [kind.name, own(kind)]));
"""


@pytest.fixture
def node(tmp_path: Path, site: str, alice: Customer) -> Node:
    return Node(tmp_path, alice.test_key, f"{site}/")


@pytest.mark.parametrize("nth", range(len(BLOCKS)))
def test_every_example_of_the_readme_runs(node: Node, nth: int) -> None:
    done = node.run(BLOCKS[nth])
    assert (done.returncode, done.stderr) == (0, "")
    assert all(b"ftyp" in path.read_bytes()[:12] for path in node.folder.glob("*.mp4"))


def test_what_is_packed_is_what_is_meant() -> None:
    done = subprocess.run(
        ["npm", "pack", "--dry-run", "--json"], cwd=PACKAGE, env=commands.SURROUNDINGS,
        capture_output=True, check=True,
    )  # fmt: skip
    (packed,) = json.loads(done.stdout)
    sources = [str(path.relative_to(PACKAGE)) for path in PACKAGE.glob("src/**/*.*")]
    names = {each["path"] for each in packed["files"]}
    assert names == {"LICENSE", "README.md", "package.json", *sources}
    assert (packed["name"], packed["version"]) == ("kling-saas", _told_version())


def test_nothing_but_itself_is_imported() -> None:
    for path in PACKAGE.glob("src/**/*.js"):
        imported = re.findall(r'from "([^"]+)"', path.read_text())
        assert all(name.startswith(".") for name in imported), path


def test_its_types_name_every_method_and_no_other(node: Node) -> None:
    shapes: dict[str, list[str]] = node.told(SHAPES)
    text = "".join((PACKAGE / "src" / name).read_text() for name in ("index.d.ts", "errors.d.ts"))
    text = text.replace("{}\n", "{\n}\n")
    classes = dict(re.findall(r"^(?:export|declare) class (\w+)[^{]*\{(.*?)^\}", text, re.M | re.S))
    assert classes.keys() == shapes.keys()
    for name, methods in shapes.items():
        typed = set(re.findall(r"^  (?:get )?(\w+)\(", classes[name], re.MULTILINE))
        assert typed - {"constructor"} == set(methods), name


def test_its_types_are_those_of_the_apis_document(site: str) -> None:
    """Each answer has the members that the schema gives it, whatever was added since."""
    schemas = requests.get(f"{site}/api/v1/schema", timeout=60).json()["components"]["schemas"]
    text = "".join((PACKAGE / "src" / name).read_text() for name in ("answers.d.ts", "index.d.ts"))
    found = re.findall(
        r"^export (?:interface|class) (\w+) \{(.*?)^\}", text, re.MULTILINE | re.DOTALL
    )
    compared = {name: body for name, body in found if DOCUMENTED.get(name, name) in schemas}
    assert len(compared) > 20
    for name, body in compared.items():
        typed = set(re.findall(r"^  (?:readonly )?(\w+)\??:", body, re.MULTILINE))
        told = set(schemas[DOCUMENTED.get(name, name)]["properties"]) - {"object"}
        assert typed - ELSEWHERE.get(name, set()) == told - ELSEWHERE.get(name, set()), name


def test_types_reach_its_users(node: Node, tmp_path: Path) -> None:
    """What each method gives is known to a checker, and what no order has is found by it."""
    (tmp_path / "program.mts").write_text(PROGRAM)
    settings = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"]
    tsc = commands.npm_install(TYPESCRIPT, tmp_path / "tools") / ".bin" / "tsc"
    done = subprocess.run(
        [tsc, *settings, "--lib", "es2022,dom", "program.mts"],
        cwd=tmp_path, env=commands.SURROUNDINGS, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    found = re.findall(r"^program\.mts\((\d+),", done.stdout, re.MULTILINE)
    wrong = [PROGRAM.split("\n")[int(line) - 1] for line in found]
    assert wrong == PROGRAM.split("\n")[11:14], done.stdout
    assert "'colour' does not exist in type 'Film'" in done.stdout


def _told_version() -> Any:
    told = re.search(r'version = "(.*)"', (PACKAGE / "src" / "version.js").read_text())
    assert told
    return told[1]
