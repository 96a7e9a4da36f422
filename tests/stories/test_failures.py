"""Every magic word of the sandbox: how the film ends, and that the customer's credits are right."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from accounts import tenancy
from generations.models import Attempt, RefusedModel
from generations.sandbox import faults
from tests.generations.programs import Program, funded, native, overdue
from tests.selling import wait_for_no_other
from tests.stack import Stack
from tests.waiting import until

START, PRICE = 10_000, 10
COSTLESS = ["grant", "hold", "release"]
PAID = ["grant", "hold", "capture"]
_MODEL = "kling-v1"


@dataclass(frozen=True)
class Case:
    """An order whose prompt says what goes wrong, and what its customer must see."""

    words: str
    status: str
    code: str | None = None
    retryable: bool = False
    tasks: int = 1
    deadline: int | None = None
    given_up: bool = False
    most_attempts: int = 1


CASES = [
    Case("fail:moderation", "failed", "moderation", tasks=0),
    Case("fail:failed", "failed", "upstream_failed"),
    Case("fail:429", "succeeded", most_attempts=8),
    Case("fail:5xx-before", "succeeded", most_attempts=8),
    Case("fail:5xx-after", "succeeded"),
    Case("fail:lost-reply", "succeeded"),
    Case("fail:never", "failed", "deadline", retryable=True, deadline=15),
    Case("fail:late", "failed", "deadline", retryable=True, given_up=True),
    Case("fail:late ", "succeeded"),
    Case("fail:truncated", "failed", "bad_film", retryable=True),
    Case("fail:corrupt", "failed", "bad_film", retryable=True),
    Case("fail:expired-link", "succeeded"),
    Case("slow:2", "succeeded"),
    Case("callback:dup", "succeeded"),
    Case("callback:early", "succeeded"),
    Case("callback:none", "succeeded"),
    Case("fail:lost-reply callback:early fail:expired-link", "succeeded"),
]


@dataclass(frozen=True)
class Ended:
    """A finished order and all its customer can read about it."""

    generation: dict[str, Any]
    wallet: dict[str, Any]
    ledger: list[dict[str, Any]]


def ordered(program: Program, prompt: str, *, deadline: int | None = None, **more: Any) -> Any:
    body = {"model": _MODEL, "prompt": prompt, **more}
    if deadline:
        body["deadline"] = deadline
    answer = program.post("/generations", body)
    assert answer.status_code == 202, answer.text
    return answer.json()


def ended(program: Program, made: dict[str, Any]) -> Ended:
    def look() -> dict[str, Any] | None:
        now: dict[str, Any] = program.get(f"/generations/{made['id']}").json()
        return now if now["status"] in ("succeeded", "failed", "cancelled") else None

    last = until(look, seconds=75, what=f"the end of {made['input']['prompt']!r}")
    entries = program.get("/ledger?limit=50").json()["data"]
    return Ended(last, program.get("/wallet").json(), entries[::-1])


def attempts_of(generation: str) -> int:
    """How many creates were sent for it."""
    with tenancy.system("a test looks at every tenant"):
        return Attempt.objects.filter(generation__public_id=generation).count()


def accounts_of(generation: str) -> set[int]:
    """The upstream accounts that were asked for it."""
    with tenancy.system("a test looks at every tenant"):
        asked = Attempt.objects.filter(generation__public_id=generation)
        return set(asked.values_list("account_id", flat=True))


@pytest.fixture(scope="module")
def endings(site: str) -> dict[str, Ended]:
    """All cases at once, each by a customer of its own, so that figures are exact."""
    programs = [native(site, funded().test_key) for _ in CASES]
    mark = secrets.token_hex(4)

    def story(program: Program, case: Case) -> Ended:
        made = ordered(program, f"A heron {mark} {case.words}", deadline=case.deadline)
        if case.given_up:
            overdue(made["id"])
        return ended(program, made)

    with ThreadPoolExecutor(len(CASES)) as pool:
        done = list(pool.map(story, programs, CASES))
    return {case.words: end for case, end in zip(CASES, done, strict=True)}


def tasks_upstream(stack: Stack, generation: str) -> int:
    """How many films the upstream was made to produce for a generation."""
    creates = requests.get(f"{stack.sandbox}/_audit", timeout=60).json()["creates"]
    return sum(c["created"] for c in creates if c["label"].startswith(f"external:{generation}-"))


def test_every_magic_word_has_a_story_here() -> None:
    told = set(" ".join(case.words for case in CASES).split()) | {"fail:discontinued"}
    assert {word.partition(":")[0] + ":" + word.partition(":")[2] for word in told} == {
        "slow:2" if word.startswith("slow:") else word for word in faults.WORDS
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.words)
def test_the_film_ends_as_documented(case: Case, endings: dict[str, Ended]) -> None:
    film = endings[case.words].generation
    assert film["status"] == case.status, film
    assert attempts_of(film["id"]) <= case.most_attempts
    if case.status == "succeeded":
        assert film["error"] is None
        assert abs(film["video"]["duration"] - 5) < 0.2
        assert requests.get(film["video"]["url"], timeout=60).status_code == 200
    else:
        assert film["video"] is None
        assert film["error"]["code"] == case.code
        assert film["error"]["retryable"] is case.retryable
        assert film["error"]["refund"]["credits"] == PRICE


@pytest.mark.parametrize(
    ("words", "message", "trail"),
    [
        ("fail:truncated", "The film did not come. Nothing was charged.", "RemoteProtocolError"),
        (
            "fail:corrupt",
            "The film that came cannot be used: it does not decode. Nothing was charged.",
            "InvalidDataError",
        ),
    ],
)
def test_the_customer_reads_plain_words_and_the_operator_the_cause(
    words: str, message: str, trail: str, endings: dict[str, Ended]
) -> None:
    film = endings[words].generation
    assert film["error"]["message"] == message
    with tenancy.system("a test looks at every tenant"):
        assert trail in Attempt.objects.get(generation__public_id=film["id"]).message


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.words)
def test_the_customer_pays_for_films_and_for_nothing_else(
    case: Case, endings: dict[str, Ended]
) -> None:
    end = endings[case.words]
    paid = case.status == "succeeded"
    assert end.generation["credits"] == {"quoted": PRICE, "held": 0, "charged": PRICE * paid}
    assert end.wallet["available"] == START - PRICE * paid
    assert end.wallet["reserved"] == 0
    assert [entry["type"] for entry in end.ledger] == (PAID if paid else COSTLESS)
    assert sum(entry["amount"] for entry in end.ledger) == end.wallet["available"]
    assert end.ledger[-1]["balance_after"] == end.wallet["available"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.words)
def test_the_upstream_makes_each_film_once(
    case: Case, endings: dict[str, Ended], stack: Stack
) -> None:
    assert tasks_upstream(stack, endings[case.words].generation["id"]) == case.tasks


def test_a_model_discontinued_for_one_order_is_given_back_and_made_for_the_next(site: str) -> None:
    wait_for_no_other()
    program = native(site, funded().test_key)
    quiet = {"model": "kling-v2-master", "prompt": "A heron fail:discontinued"}
    made = program.post("/generations", quiet).json()
    end = ended(program, made)

    assert end.generation["status"] == "failed"
    assert end.generation["error"]["code"] == "no_provider"
    assert attempts_of(made["id"]) == len(accounts_of(made["id"])) >= 2  # each that sells it, once
    assert [entry["type"] for entry in end.ledger] == COSTLESS
    assert end.wallet["available"] == START
    assert not RefusedModel.objects.filter(account__is_sandbox=True, model=quiet["model"]).exists()
    film = ended(program, ordered(program, "A heron", model="kling-v2-master")).generation
    assert film["status"] == "succeeded"
