"""An agent's calls that are repeated, lost or wrong: a film for each reference, and plain words."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kling_saas import env
from tests.clients.agents import MODERN, Person, agent
from tests.clients.cutting import BUSY, LOST, bad_line
from tests.clients.test_mcp import BOTH, PRICE, WISH, films
from tests.generations.programs import Program, available, settled
from tests.people import Customer

ORDER = "POST /api/v1/generations$"
FREELY = ("--cap", "100", "--approve", "never")


@BOTH
def test_the_same_call_is_the_same_film_in_every_run(
    site: str, alice: Customer, api: Program, mode: str
) -> None:
    person = Person()

    async def run() -> list[str]:
        async with agent(site, alice.test_key, "--cap", "50", person=person, mode=mode) as one:
            calls = [one.does("make_film", **WISH, reference="boat") for _ in range(3)]
            ids = [each["id"] for each in await asyncio.gather(*calls)]
            other = await one.refused("make_film", **WISH, duration=10, reference="boat")
            assert "reference_taken:" in other
            told = await one.does("make_film", **WISH, reference="boat")
            assert told["reference"] == "boat"
            return [*ids, told["id"]]

    assert set(asyncio.run(run()) + asyncio.run(run())) == set(films(api))
    assert (len(films(api)), available(alice)) == (1, 10_000 - PRICE)


@pytest.mark.parametrize("faults", [(LOST,), (LOST, BUSY)])
def test_a_lost_answer_is_asked_for_again(
    site: str, alice: Customer, api: Program, faults: tuple[str, ...]
) -> None:
    async def story() -> None:
        with bad_line(site) as line:
            line.strike(ORDER, *faults)
            async with agent(line.address, alice.test_key, *FREELY) as one:
                made = await one.does("make_film", **WISH)
                assert films(api) == [made["id"]]

    asyncio.run(story())
    assert available(alice) == 10_000 - PRICE


@BOTH
def test_an_order_that_nobody_knows_of_is_made_once_and_asked_for_once(
    site: str, alice: Customer, api: Program, mode: str
) -> None:
    person = Person()

    async def story() -> None:
        with bad_line(site) as line:
            line.strike(ORDER, *[LOST] * 5)  # every try of one call
            async with agent(
                line.address, alice.test_key, "--cap", "15", person=person, mode=mode
            ) as one:
                said = await one.refused("make_film", **WISH)
                assert "outcome_unknown:" in said
                reference = said.partition("reference '")[2].partition("'")[0]
                assert (await one.does("wallet"))["this_run"]["left"] == 5
                assert "cap:" in await one.refused("make_film", **WISH, reference="another")
                other = await one.refused("make_film", **WISH, duration=10, reference=reference)
                assert "reference_taken:" in other
                made = await one.does("make_film", **WISH, reference=reference)
                assert made["this_run"]["left"] == 5
                assert films(api) == [made["id"]]

    asyncio.run(story())
    assert (len(person.asked), available(alice)) == (1, 10_000 - PRICE)


def test_what_was_declined_by_the_site_is_free_again(site: str, alice: Customer) -> None:
    async def story() -> None:
        async with agent(site, alice.live_key, "--cap", "100", "--approve", "never") as one:
            said = await one.refused("make_film", **WISH, mode="pro", duration=10)
            assert said.startswith("insufficient_credits: ")
            assert "buys credits" in said
            assert (await one.does("wallet"))["this_run"]["left"] == 100

    asyncio.run(story())
    assert available(alice, livemode=True) == 60


def test_wrong_words_are_told_each_with_its_field(site: str, alice: Customer, api: Program) -> None:
    async def story() -> None:
        async with agent(site, alice.test_key, *FREELY) as one:
            said = await one.refused("make_film", **WISH, duration=7, aspect_ratio="3:1")
            assert said.startswith("invalid_request: ")
            assert "- duration: " in said
            assert "- aspect_ratio: " in said
            assert "/docs/errors#invalid_request" in said
            assert "colour" in await one.refused("make_film", **WISH, colour="red")
            assert "not_found: " in await one.refused("film", id="gen_nobodys")
        async with agent(site, "ksk_test_nobodys", *FREELY) as one:
            assert "KLING_SAAS_API_KEY" in await one.refused("wallet")

    asyncio.run(story())
    assert (films(api), available(alice)) == ([], 10_000)


def test_each_tool_and_each_word_is_described(site: str, alice: Customer) -> None:
    async def story() -> None:
        async with agent(site, alice.test_key, mode=MODERN) as one:
            tools = (await one.program.list_tools()).tools
            assert len(tools) == 9
            for tool in tools:
                assert tool.description
                for name, schema in tool.input_schema["properties"].items():
                    assert "description" in json.dumps(schema), (tool.name, name)
            (whole,) = [(await one.does("list_models", model="kling-v1"))["limits"]]
            assert whole["properties"]["duration"]["enum"] == [5, 10]

    asyncio.run(story())


def test_a_picture_of_this_machine_is_sent_and_no_other_file(
    site: str, alice: Customer, api: Program, photo: bytes, tmp_path: Path
) -> None:
    picture, secret = tmp_path / "boat.jpg", tmp_path / "secret.jpg"
    picture.write_bytes(photo)
    secret.write_text("a key")
    person = Person()

    async def story() -> None:
        async with agent(site, alice.test_key, "--cap", "20", person=person) as one:
            for wrong in (str(secret), str(tmp_path / "none.jpg"), "boat.jpg"):
                said = await one.refused("make_film", **WISH, image=wrong)
                assert "no_picture:" in said
            assert (person.asked, api.get("/uploads").json()["data"]) == ([], [])
            made = await one.does("make_film", **WISH, image=str(picture))
            assert settled(api, made["id"])["kind"] == "image2video"

    asyncio.run(story())
    assert f"Begins with: {picture}" in person.asked[0].splitlines()


def test_films_are_saved_in_their_folder_alone(site: str, alice: Customer, tmp_path: Path) -> None:
    folder, outside = tmp_path / "films", tmp_path / "outside.mp4"
    folder.mkdir()
    (folder / "kept.mp4").write_text("mine")
    (folder / "leads.mp4").symlink_to(outside)

    async def story() -> None:
        async with agent(site, alice.test_key, *FREELY) as one:
            made = await one.does("make_film", **WISH)
            await one.does("wait_for_film", id=made["id"], seconds=120)
            assert "no_folder:" in await one.refused("download_film", id=made["id"])
        async with agent(site, alice.test_key, "--folder", str(folder)) as one:
            for name in ("../outside", "../outside.mp4", str(outside), "a/b.mp4", ".hidden", ".."):
                said = await one.refused("download_film", id=made["id"], name=name)
                assert "not_a_name:" in said, name
            for name in ("kept.mp4", "kept", "leads.mp4"):
                said = await one.refused("download_film", id=made["id"], name=name)
                assert "name_taken:" in said, name
            await one.does("download_film", id=made["id"])

    asyncio.run(story())
    assert (folder / "kept.mp4").read_text() == "mine"
    assert {each.name for each in tmp_path.iterdir()} == {"films"}
    assert len(list(folder.iterdir())) == 3


def test_a_film_that_waits_is_cancelled_and_its_credits_may_be_spent_again(
    site: str, alice: Customer, api: Program
) -> None:
    async def story() -> None:
        async with agent(site, alice.test_key, *FREELY) as one:
            made = await one.does("make_film", **WISH)
            answer = await one.program.call_tool("cancel_film", {"id": made["id"]})
            if not answer.is_error:  # else an upstream was faster
                assert answer.structured_content
                assert answer.structured_content["this_run"]["left"] == 100

    asyncio.run(story())


def test_a_wait_ends_in_time_and_says_how_to_go_on(site: str, alice: Customer) -> None:
    async def story() -> None:
        async with agent(site, alice.test_key, *FREELY) as one:
            made = await one.does("make_film", **WISH | {"prompt": "A boat fail:never"})
            told = await one.does("wait_for_film", id=made["id"], seconds=2)
            assert told["status"] in ("queued", "processing")
            assert "call wait_for_film again" in told["next"]

    asyncio.run(story())


def test_the_command_says_what_is_missing(site: str, alice: Customer, tmp_path: Path) -> None:
    sources = str(env.ROOT / "clients" / "python" / "src")
    bare = tmp_path / "bare"  # as where the extra is not installed
    bare.mkdir()
    (bare / "mcp.py").write_text("raise ModuleNotFoundError('No module named mcp')")

    def typed(*words: str, path: str = sources, key: str = alice.test_key) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "kling_saas_client.cli", "mcp", *words], cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "KLING_SAAS_API_KEY": key,
                 "KLING_SAAS_BASE_URL": site},
            capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.stdout == ""
        return done.returncode, done.stderr

    assert typed() == (0, "")
    code, said = typed(path=f"{bare}:{sources}")
    assert (code, 'pip install "kling-saas-client[mcp]"' in said) == (1, True)
    assert typed("--folder", "nowhere")[0] == 1
    assert typed(key="")[0] == 1
    for wrong in (["--cap", "0"], ["--cap", "-1"], ["--approve", "above="], ["--approve", "no"]):
        assert typed(*wrong)[0] == 2
