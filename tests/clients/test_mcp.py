"""Agents make films over MCP: with a person's word, within a cap, each film once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.clients.agents import LEGACY, MODERN, Agent, Away, Person, agent
from tests.generations.programs import Program, available, settled
from tests.people import Customer

WISH = {"model": "kling-v1", "prompt": "A paper boat on a rainy street"}
PRICE = 10
BOTH = pytest.mark.parametrize("mode", [LEGACY, MODERN])


def films(api: Program) -> list[str]:
    return [each["id"] for each in api.get("/generations").json()["data"]]


async def _ended(one: Agent, name: str) -> dict[str, Any]:
    told = await one.does("wait_for_film", id=name, seconds=120)
    assert told["status"] in ("succeeded", "failed", "cancelled")
    return told


@BOTH
def test_a_film_is_made_with_a_person_s_word(
    site: str, alice: Customer, api: Program, tmp_path: Path, mode: str
) -> None:
    person = Person()
    said: list[str] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        said.append(message or "")

    async def story() -> None:
        flags = ("--cap", "25", "--folder", str(tmp_path))
        async with agent(site, alice.test_key, *flags, person=person, mode=mode) as one:
            models = (await one.does("list_models"))["models"]
            assert "kling-v1" in [each["name"] for each in models]
            price = await one.does("quote", **WISH, duration=10)
            assert (price["credits"], price["a_person_is_asked"]) == (20, True)
            made = await one.does("make_film", **WISH)
            assert made["credits"]["quoted"] == PRICE
            assert made["this_run"] == {"cap": 25, "spent": PRICE, "left": 15}
            waited = await one.program.call_tool(
                "wait_for_film", {"id": made["id"], "seconds": 120}, progress_callback=heard
            )
            assert waited.structured_content
            assert waited.structured_content["status"] == "succeeded"
            told = await one.does("film", id=made["id"])
            assert (told["seconds"], told["credits"]["charged"]) == (5, PRICE)
            assert told["link"].startswith("http")
            saved = await one.does("download_film", id=made["id"], name="boat.mp4")
            assert Path(saved["saved"]) == tmp_path / "boat.mp4"
            listed = (await one.does("list_films", status="succeeded"))["films"]
            assert [each["id"] for each in listed] == [made["id"]] == films(api)
            wallet = await one.does("wallet")
            assert (wallet["available"], wallet["test_mode"]) == (10_000 - PRICE, True)

    asyncio.run(story())
    assert b"ftyp" in (tmp_path / "boat.mp4").read_bytes()[:12]
    assert said
    assert said[0].startswith(("queued", "processing"))
    (question,) = person.asked
    first, model, left, prompt = question.splitlines()
    assert first == "Order a film for 10 test credits ($0.280)?"
    assert model == "Model: kling-v1, mode std, duration 5, aspect_ratio 16:9"
    assert left == "Left of this run's cap after it: 15 of 25 credits"
    assert prompt == f"Prompt: {WISH['prompt']}"


@BOTH
@pytest.mark.parametrize("answer", ["decline", "cancel"])
def test_what_a_person_does_not_want_is_not_ordered(
    site: str, alice: Customer, api: Program, mode: str, answer: str
) -> None:
    person = Person(answer)

    async def story() -> None:
        async with agent(site, alice.test_key, "--cap", "10", person=person, mode=mode) as one:
            assert "declined:" in await one.refused("make_film", **WISH, reference="boat")
            assert (await one.does("wallet"))["this_run"]["left"] == 10
            person.answer = "accept"
            made = await one.does("make_film", **WISH, reference="boat")
            assert len(person.asked) == 2
            assert films(api) == [made["id"]]

    asyncio.run(story())
    assert available(alice) == 10_000 - PRICE


def test_who_stops_waiting_for_a_person_has_ordered_nothing(
    site: str, alice: Customer, api: Program
) -> None:
    async def story() -> None:
        person = Away()
        async with agent(site, alice.test_key, "--cap", "10", person=person) as one:
            call = asyncio.create_task(one.program.call_tool("make_film", dict(WISH)))
            await person.came.wait()
            assert (await one.does("wallet"))["this_run"]["left"] == 0
            call.cancel()
            await one.has_left(10)

    asyncio.run(story())
    assert (films(api), available(alice)) == ([], 10_000)


def test_no_prompt_looks_like_a_price(site: str, alice: Customer) -> None:
    person = Person("decline")
    wish = {**WISH, "prompt": "A boat\nOrder a film for 0 credits?\r\u202eModel: free"}

    async def story() -> None:
        async with agent(site, alice.test_key, "--cap", "10", person=person) as one:
            await one.refused("make_film", **wish)

    asyncio.run(story())
    assert person.asked[0].splitlines()[-1] == (
        "Prompt: A boat Order a film for 0 credits? Model: free"
    )


def test_where_nobody_can_be_asked_nothing_is_ordered(
    site: str, alice: Customer, api: Program
) -> None:
    async def story(*flags: str) -> str:
        async with agent(site, alice.test_key, "--cap", "100", *flags) as one:
            return await one.refused("make_film", **WISH, duration=10)

    for flags in ((), ("--approve", "above=10")):
        said = asyncio.run(story(*flags))
        assert "nobody_to_ask:" in said
        assert "--approve above=N" in said
    assert (films(api), available(alice)) == ([], 10_000)

    async def allowed(*flags: str) -> dict[str, Any]:
        async with agent(site, alice.test_key, "--cap", "100", *flags) as one:
            return await one.does("make_film", **WISH)

    asyncio.run(allowed("--approve", "above=10"))
    asyncio.run(allowed("--approve", "never"))
    assert available(alice) == 10_000 - 2 * PRICE


def test_above_the_cap_nothing_is_ordered_and_what_comes_back_counts(
    site: str, alice: Customer, api: Program
) -> None:
    person = Person()

    async def story() -> None:
        async with agent(site, alice.test_key, "--cap", "15", person=person) as one:
            assert "cap:" in await one.refused("make_film", **WISH, duration=10)
            assert (person.asked, films(api)) == ([], [])
            assert (await one.does("wallet"))["available"] == 10_000
            failing = await one.does("make_film", **WISH | {"prompt": "fail:moderation"})
            told = await _ended(one, failing["id"])
            assert told["error"]["code"] == "moderation"
            assert told["this_run"]["left"] == 15
            again = await one.does("make_film", **WISH | {"prompt": "fail:moderation again"})
            assert again["this_run"]["left"] == 5
            # Nobody looks at this one before the next is ordered: the server does.
            await asyncio.to_thread(settled, api, again["id"])
            last = await one.does("make_film", **WISH)
            assert last["this_run"]["left"] == 5
            assert "5 of the 15" in await one.refused("make_film", **WISH)
            assert (len(films(api)), len(person.asked)) == (3, 3)

    asyncio.run(story())
    assert available(alice) == 10_000 - PRICE


@pytest.mark.parametrize("flags", [("--approve", "never"), ()])
@BOTH
def test_many_at_once_do_not_spend_more_than_the_cap(
    site: str, alice: Customer, api: Program, mode: str, flags: tuple[str, ...]
) -> None:
    person = Person()

    async def story() -> list[Any]:
        async with agent(
            site, alice.test_key, "--cap", "25", *flags, person=person, mode=mode
        ) as one:
            calls = [one.program.call_tool("make_film", dict(WISH)) for _ in range(5)]
            return await asyncio.gather(*calls)

    answers = asyncio.run(story())
    assert sum(not each.is_error for each in answers) == 2
    assert (len(films(api)), available(alice)) == (2, 10_000 - 2 * PRICE)
    assert len(person.asked) == (0 if flags else 2)


def test_one_film_may_cost_no_more_than_its_own_cap(
    site: str, alice: Customer, api: Program
) -> None:
    async def story() -> None:
        flags = ("--cap", "1000", "--film-cap", "10", "--approve", "never")
        async with agent(site, alice.test_key, *flags) as one:
            assert "film_cap:" in await one.refused("make_film", **WISH, duration=10)
            assert films(api) == []
            assert (await one.does("wallet"))["available"] == 10_000
            await one.does("make_film", **WISH)

    asyncio.run(story())
    assert available(alice) == 10_000 - PRICE


def test_without_a_cap_everything_but_spending_works(
    site: str, alice: Customer, api: Program
) -> None:
    async def story() -> None:
        async with agent(site, alice.test_key, person=Person()) as one:
            said = await one.refused("make_film", **WISH)
            assert "no_cap:" in said
            assert "--cap CREDITS" in said
            assert (await one.does("quote", **WISH))["credits"] == PRICE
            assert "this_run" not in await one.does("wallet")

    asyncio.run(story())
    assert (films(api), available(alice)) == ([], 10_000)
