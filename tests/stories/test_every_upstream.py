"""Each upstream protocol makes films over real sockets: as ordered, once, at the stated price."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from PIL import Image

from accounts import tenancy
from generations.catalogue import registry
from generations.models import Attempt, Protocol, ProviderAccount, RefusedModel
from kling_saas.demo_data import SANDBOX_SECRET
from tests.generations.programs import Program, available, funded, native, settled
from tests.people import Customer
from tests.selling import seen_by_all
from tests.stack import Stack

# Which account alone makes which models while these stories run.
MAKES = {
    "sandbox-kling": ["kling-v1"],
    "story-kling-static": ["kling-v1-5"],
    "sandbox-kling-2026": ["kling-v2-5-turbo", "kling-3.0-turbo"],
    "sandbox-segmind": ["kling-v2-1", "kling-v2-master"],
    "sandbox-llmprovider": ["kling-v1-6"],
    "story-segmind-v1": ["kling-v3"],
    "story-wrong-secret": ["kling-v2-master"],
}
NEW = {
    "story-kling-static": (Protocol.KLING, "/kling", "sandbox-key", 50),
    "story-segmind-v1": (Protocol.SEGMIND_V1, "/segmind", "SG_0123456789abcdef", 50),
    "story-wrong-secret": (Protocol.KLING, "/kling", f"sandbox-access-key|{SANDBOX_SECRET}x", 1),
}


def picture(width: int, height: int, colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def base64_of(width: int, height: int, colour: str = "teal") -> str:
    return base64.b64encode(picture(width, height, colour)).decode()


@dataclass(frozen=True)
class Order:
    """A film, who alone can make it, and what must come out."""

    name: str
    account: str
    credits: int
    size: tuple[int, int]
    body: dict[str, Any] = field(default_factory=dict)
    seconds: int = 5
    sound: bool = False
    upload: bool = False


_SHOTS = [
    {"index": 1, "prompt": "A kite rises", "duration": 3},
    {"index": 2, "prompt": "The kite over the sea", "duration": 3},
]
ORDERS = [
    Order("Kling by JWT, upright, 10 s", "sandbox-kling", 20, (64, 114),
          {"model": "kling-v1", "aspect_ratio": "9:16", "duration": 10}, seconds=10),
    Order("Kling by JWT, camera move", "sandbox-kling", 10, (114, 64),
          {"model": "kling-v1", "camera_control": {"type": "simple", "config": {"pan": 5}}}),
    Order("Kling by JWT, first and last frame as base64", "sandbox-kling", 10, (64, 64),
          {"model": "kling-v1", "image": base64_of(400, 400),
           "image_tail": base64_of(400, 400, "maroon")}),
    Order("Kling by JWT, moved by a brush", "sandbox-kling", 10, (64, 64),
          {"model": "kling-v1", "image": base64_of(400, 400),
           "static_mask": base64_of(400, 400, "black"),
           "dynamic_masks": [{"mask": base64_of(400, 400, "white"),
                              "trajectories": [{"x": 10, "y": 10}, {"x": 90, "y": 90}]}]}),
    Order("Kling by static key, from an upload", "story-kling-static", 20, (96, 64),
          {"model": "kling-v1-5"}, upload=True),
    Order("Kling of 2026, square", "sandbox-kling-2026", 15, (64, 64),
          {"model": "kling-v2-5-turbo", "aspect_ratio": "1:1"}),
    Order("Kling of 2026, 3 s with sound", "sandbox-kling-2026", 24, (114, 64),
          {"model": "kling-3.0-turbo", "duration": 3}, seconds=3, sound=True),
    Order("Kling of 2026, from base64", "sandbox-kling-2026", 15, (64, 114),
          {"model": "kling-v2-5-turbo", "image": base64_of(360, 640)}),
    Order("Segmind v2, from an upload", "sandbox-segmind", 20, (96, 64),
          {"model": "kling-v2-1"}, upload=True),
    Order("Segmind v2, first and last frame", "sandbox-segmind", 35, (114, 64),
          {"model": "kling-v2-1", "mode": "pro", "image": base64_of(640, 360),
           "image_tail": base64_of(640, 360, "navy")}),
    Order("llmprovider", "sandbox-llmprovider", 20, (114, 64),
          {"model": "kling-v1-6", "negative_prompt": "blur", "cfg_scale": 0.7}),
    Order("Segmind v1, held open, two shots with sound", "story-segmind-v1", 54, (114, 64),
          {"model": "kling-v3", "prompt": "", "duration": 6, "sound": True,
           "shot_type": "customize", "multi_prompt": _SHOTS}, seconds=6, sound=True),
    Order("Segmind v1, held open, from an upload", "story-segmind-v1", 18, (96, 64),
          {"model": "kling-v3", "duration": 3}, seconds=3, upload=True),
    Order("another account when a key is wrong", "sandbox-segmind", 100, (114, 64),
          {"model": "kling-v2-master", "mode": "pro"}),
]  # fmt: skip
UNASKABLE = {
    "sandbox-segmind": {"model": "kling-v2-1", "image": base64_of(400, 400)},
    "sandbox-llmprovider": {"model": "kling-v1-6"},
    "story-segmind-v1": {"model": "kling-v3", "duration": 3},
}


@pytest.fixture(scope="module")
def routes(stack: Stack) -> Iterator[None]:
    """Every model goes to the account that `MAKES` names, until the module ends."""
    sandbox = ProviderAccount.objects.get(name="sandbox-kling").base_url.removesuffix("/kling")
    made = [_account(name, sandbox, *facts) for name, facts in NEW.items()]
    rows = [
        RefusedModel(account=account, model=spec.name, reason="a story")
        for account in ProviderAccount.objects.filter(enabled=True)
        for spec in registry.SPECS
        if spec.name not in MAKES[account.name]
    ]
    refused = RefusedModel.objects.bulk_create(rows)
    seen_by_all()
    yield
    RefusedModel.objects.filter(pk__in=[row.pk for row in refused]).delete()
    ProviderAccount.objects.filter(pk__in=[a.pk for a in made]).update(enabled=False)


def _account(
    name: str, sandbox: str, protocol: Protocol, prefix: str, credential: str, priority: int
) -> ProviderAccount:
    account = ProviderAccount(
        name=name, protocol=protocol, base_url=sandbox + prefix, priority=priority,
        is_sandbox=True, serves_test=True, serves_live=False, concurrency=50,
    )  # fmt: skip
    account.set_credential(credential)
    account.save()
    return account


@pytest.fixture(scope="module")
def alice() -> Customer:
    """Who pays for all of them."""
    return funded()


@pytest.fixture(scope="module")
def films(site: str, alice: Customer, routes: None) -> dict[str, dict[str, Any]]:
    """All orders at once, ended."""

    def make(order: Order) -> dict[str, Any]:
        program = native(site, alice.test_key)
        body = {"prompt": f"A kite, {order.name}", **order.body}
        if order.upload:
            sent = program.post("/uploads", data=picture(600, 400))
            body["image"] = sent.json()["id"]
        answer = program.post("/generations", body)
        assert answer.status_code == 202, (order.name, answer.text)
        assert answer.json()["credits"]["quoted"] == order.credits
        return settled(program, answer.json()["id"])

    with ThreadPoolExecutor(len(ORDERS)) as pool:
        made = list(pool.map(make, ORDERS))
    return {order.name: film for order, film in zip(ORDERS, made, strict=True)}


def tries(generation: str) -> list[tuple[str, str]]:
    """Account and outcome of each create sent for it."""
    with tenancy.system("a test looks at every tenant"):
        return list(
            Attempt.objects.filter(generation__public_id=generation)
            .order_by("number")
            .values_list("account__name", "outcome")
        )


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.name)
def test_the_film_is_what_was_ordered(order: Order, films: dict[str, dict[str, Any]]) -> None:
    film = films[order.name]
    assert film["status"] == "succeeded", film["error"]
    assert (film["video"]["width"], film["video"]["height"]) == order.size
    assert film["video"]["duration"] == pytest.approx(order.seconds, abs=0.05)
    assert film["video"]["has_sound"] is order.sound
    assert film["credits"] == {"quoted": order.credits, "held": 0, "charged": order.credits}
    stored = requests.get(film["video"]["url"], timeout=60).content
    assert (len(stored), stored[4:8]) == (film["video"]["bytes"], b"ftyp")


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.name)
def test_the_account_that_makes_it_is_asked_once(
    order: Order, films: dict[str, dict[str, Any]]
) -> None:
    sent = tries(films[order.name]["id"])
    assert sent[-1] == (order.account, "accepted")
    if order.body["model"] == "kling-v2-master":
        assert sent[:-1] == [("story-wrong-secret", "rejected")]
    else:
        assert len(sent) == 1


def test_the_wallet_has_paid_the_sum_of_the_prices(
    films: dict[str, dict[str, Any]], alice: Customer
) -> None:
    assert available(alice) == 10_000 - sum(order.credits for order in ORDERS)


def test_a_wrong_key_pauses_the_account_and_tells_the_operator(
    films: dict[str, dict[str, Any]],
) -> None:
    account = ProviderAccount.objects.get(name="story-wrong-secret")
    assert account.paused_until is not None
    assert account.last_error.startswith("auth: ")
    assert SANDBOX_SECRET not in account.last_error


@pytest.mark.parametrize("account", UNASKABLE)
def test_a_lost_answer_of_an_upstream_without_look_up_is_given_back_and_never_sent_again(
    site: str, stack: Stack, routes: None, account: str
) -> None:
    bob = funded("bob")
    program: Program = native(site, bob.test_key)
    prompt = f"A kite fail:lost-reply {bob.user.email}"
    made = program.post("/generations", {"prompt": prompt, **UNASKABLE[account]}).json()
    film = settled(program, made["id"])

    assert (film["status"], film["error"]["code"]) == ("failed", "upstream_unknown")
    assert tries(made["id"]) == [(account, "abandoned")]
    assert available(bob) == 10_000
    creates = requests.get(f"{stack.sandbox}/_audit", timeout=60).json()["creates"]
    mine = [c for c in creates if prompt in c["label"] or made["id"] in c["label"]]
    assert [(c["asked"], c["created"]) for c in mine] == [(1, 1)]
