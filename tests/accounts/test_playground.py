"""The playground: what stands in the form is its JSON, its code, its price, and what is run."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
import requests
from django.test import Client

from generations.wire.openai import server as openai
from tests.accounts.test_log_pages import developer, page
from tests.generations.programs import available, funded, native, settled
from tests.people import Customer

ASKED = {"model": "kling-v1", "prompt": "A red kite", "mode": "pro", "duration": "5"}
ORDER = {"model": "kling-v1", "prompt": "A red kite", "mode": "pro", "duration": 5}


def _json(told: str, name: str) -> Any:
    text = told.partition(f'id="{name}"')[2].partition(">")[2]
    text = re.split(r"</textarea>|</pre>", text)[0]
    return json.loads(html.unescape(re.sub(r"<[^>]+>", "", text)))


def test_the_form_is_told_as_json_with_its_price_and_in_each_dialect(alice: Customer) -> None:
    web = developer(alice)
    told = web.get("/dev/playground", ASKED).content.decode()
    assert _json(told, "json") == ORDER
    assert "<b>35 credits</b>" in told
    assert _json(told, "code-json-kling")["model_name"] == "kling-v1"
    assert _json(told, "code-json-kling")["duration"] == "5"
    assert "/segmind/v2/" in told
    assert _json(told, "code-json-llmprovider")["prompt"] == "A red kite"
    read = openai.decode_order(_json(told, "code-json-openai"), {}).fields
    assert {name: read[name] for name in ("model", "prompt", "mode")} == {
        name: ORDER[name] for name in ("model", "prompt", "mode")
    }
    assert (str(read["duration"]), read["aspect_ratio"]) == ("5", "16:9")
    part = web.get("/dev/playground/code", {**ASKED, "prompt": ""})
    assert "<html" not in part.content.decode()
    assert 'role="alert"' in part.content.decode()
    assert part["HX-Replace-Url"].startswith("/dev/playground?model=kling-v1&mode=pro")


def test_what_is_run_is_ordered_with_test_credits_and_shown(alice: Customer, site: str) -> None:
    web = developer(alice, "live")
    ran = web.post("/dev/playground/run", {"json": json.dumps(ORDER), "once": "a"})
    again = web.post("/dev/playground/run", {"json": json.dumps(ORDER), "once": "a"})
    assert (ran.status_code, ran["Location"]) == (303, again["Location"])
    made = re.findall(r"run=(gen_\w+)", ran["Location"])[0]
    assert available(alice) == 10_000 - 35
    assert available(alice, livemode=True) == 60
    settled(native(site, alice.test_key), made)
    told = page(web, ran["Location"])
    assert "<video" in told
    assert _json(told, "code-ran")["id"] == made
    film = re.findall(r'src="(\S+?/media/\S+?)"', told)[0]
    assert requests.get(film, timeout=60).headers["Content-Type"] == "video/mp4"

    spent = {"json": json.dumps({**ORDER, "mode": "std"}), "live": "1"}
    assert "live=1" in web.post("/dev/playground/run", spent)["Location"]
    assert available(alice, livemode=True) == 50


@pytest.mark.parametrize(
    "wrong", ["{", "[]", '{"model": "kling-v9", "prompt": "x"}', '{"model": "kling-v1"}']
)
def test_what_is_wrong_is_told_stays_typed_and_orders_nothing(alice: Customer, wrong: str) -> None:
    web = developer(alice)
    refused = web.post("/dev/playground/run", {"json": wrong})
    told = refused.content.decode()
    assert refused.status_code in (400, 422)
    assert 'role="alert"' in told
    assert html.unescape(told.partition('id="json"')[2].partition(">")[2]).startswith(wrong)
    assert available(alice) == 10_000


def test_json_is_read_into_the_form_and_a_stranger_sees_no_run(alice: Customer) -> None:
    web = developer(alice)
    sent = {"json": json.dumps({**ORDER, "cfg_scale": 0.7}), "read": "1"}
    read = web.post("/dev/playground/run", sent)
    assert read.status_code == 303
    told = page(web, read["Location"])
    assert 'name="cfg_scale"' in told
    assert 'value="0.7"' in told
    assert available(alice) == 10_000
    ran = web.post("/dev/playground/run", {"json": json.dumps(ORDER)})
    stranger: Client = developer(funded("mallory"))
    assert stranger.get(ran["Location"]).status_code == 404
