"""Quotes, money, models, uploads, the schema, and requests that nobody can read."""

from __future__ import annotations

import io

import pytest
import requests
from drf_spectacular.validation import validate_schema
from hypothesis import given
from jsonschema import Draft202012Validator
from PIL import Image

from accounts import tenancy
from billing.models import Quote
from generations import waiting
from generations.catalogue import billable, registry
from generations.catalogue.products.registry import PRODUCTS
from tests.generations import any_json
from tests.generations.programs import FILM, Program, available, native
from tests.people import Customer


def test_a_quote_is_what_the_order_is_charged(api: Program, alice: Customer) -> None:
    quote = api.post("/quotes", {**FILM, "mode": "pro"}).json()
    assert (quote["credits"], quote["usd"]) == (35, "0.980")
    assert [line["credits"] for line in quote["line_items"]] == [35]
    assert quote["input"].items() >= {"mode": "pro", "duration": 5, "sound": False}.items()
    (warning,) = quote["warnings"]
    assert warning.startswith(f"{FILM['model']} is discontinued: Kling is retiring it")

    order = {**FILM, "mode": "pro", "quote_id": quote["id"]}
    made = api.post("/generations", order).json()
    assert (made["credits"]["quoted"], made["warnings"]) == (35, [warning])
    assert available(alice) == 9965
    assert api.post("/generations", order).json()["code"] == "quote_used"
    other = api.post("/generations", {**FILM, "quote_id": quote["id"]})
    assert (other.status_code, other.json()["code"]) == (409, "quote_changed")


def test_a_dry_run_says_what_the_order_would_be_charged_or_refused_for(
    api: Program, alice: Customer
) -> None:
    quote = api.post("/quotes", FILM).json()
    line = {**quote["line_items"][0], "unit_credits": 7, "credits": 7}
    with tenancy.scope(alice.organisation.pk):  # as one made before the price rose
        Quote.objects.filter(public_id=quote["id"]).update(credits=7, line_items=[line])
    order = {**FILM, "quote_id": quote["id"], "max_cost": 7}

    told = api.post("/generations", {**order, "dry_run": True}).json()
    assert (told["credits"], told["line_items"]) == (7, [line])
    for capped in ({**order, "max_cost": 6}, {**FILM, "max_cost": 9}):
        answers = [api.post("/generations", {**capped, **dry}) for dry in ({}, {"dry_run": True})]
        assert {(a.status_code, a.json()["code"]) for a in answers} == {(403, "cap_exceeded")}
        assert answers[0].json()["credits"] == answers[1].json()["credits"]

    assert api.post("/generations", order).json()["credits"]["quoted"] == 7
    for dry in ({}, {"dry_run": True}):
        assert api.post("/generations", {**order, **dry}).json()["code"] == "quote_used"
    assert available(alice) == 9993


def test_mallory_cannot_use_alices_quote(api: Program, mallory: Program) -> None:
    quote = api.post("/quotes", FILM).json()["id"]
    assert mallory.get(f"/quotes/{quote}").status_code == 404
    assert mallory.post("/generations", {**FILM, "quote_id": quote}).status_code == 404


def test_a_quote_names_every_violation(api: Program) -> None:
    answer = api.post("/quotes", {"model": "kling-v1", "duration": 3, "quote_id": "quo_1"})
    assert answer.status_code == 422
    assert {v["field"] for v in answer.json()["violations"]} == {"duration", "quote_id", "prompt"}


def test_the_ledgers_amounts_add_up_to_the_wallet(api: Program) -> None:
    api.post("/generations", FILM, headers={"Prefer": "wait=60"})
    api.post("/generations", {**FILM, "prompt": "fail:failed"}, headers={"Prefer": "wait=60"})
    wallet = api.get("/wallet").json()
    entries, after = [], ""
    while after is not None:
        page = api.get("/ledger", params={"limit": 2, "after": after}).json()
        entries += page["data"]
        after = page["next"]

    assert wallet == {
        "object": "wallet",
        "available": 9990,
        "reserved": 0,
        "pending": 0,
        "owed": 0,
        "livemode": False,
    }
    assert sum(entry["amount"] for entry in entries) == 9990
    assert api.get("/ledger", params={"after": "zzz"}).status_code == 404
    assert [e["type"] for e in entries] == ["release", "hold", "capture", "hold", "grant"]
    assert [e["balance_after"] for e in entries] == [9990, 9980, 9990, 9990, 10_000]


def test_models_and_prices_are_public_and_whole(site: str) -> None:
    models = requests.get(f"{site}/api/v1/models", timeout=60).json()["data"]
    prices = requests.get(f"{site}/api/v1/prices", timeout=60).json()["data"]

    assert [m["name"] for m in models] == [spec.name for spec in registry.SPECS]
    tasks = requests.get(f"{site}/api/v1/tasks", timeout=60).json()["data"]
    assert [t["name"] for t in tasks] == list(PRODUCTS)
    sold = sum(len(each["prices"]) for each in (*models, *tasks))
    assert sold == len(prices) == len(billable.list_prices())
    first = next(p for p in prices if p["sku"] == "kling-v1" and p["mode"] == "std")
    assert (first["credits"], first["usd"], first["unit"]) == (10, "0.280", "clip")
    one = requests.get(f"{site}/api/v1/models/kling-video-v1", timeout=60).json()
    usual = waiting.usual_for("kling-v1", "image2video", livemode=True)  # as on the page
    assert one["eta_seconds"]["image2video"] == round(usual.p50, 1) < 10
    assert one == next(m for m in models if m["name"] == "kling-v1")
    assert requests.get(f"{site}/api/v1/models/sora", timeout=60).status_code == 404
    omni = requests.get(f"{site}/api/v1/models/kling-v3-omni", timeout=60)
    assert omni.status_code == 404
    assert "/api/v1/tasks/omni-video" in omni.json()["detail"]
    speech = requests.get(f"{site}/api/v1/tasks/tts", timeout=60).json()
    assert speech == next(t for t in tasks if t["name"] == "tts")
    assert [p["credits"] for p in speech["prices"]] == [1]
    assert requests.get(f"{site}/api/v1/tasks/cartoon", timeout=60).status_code == 404


def _picture(side: int = 400) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(out, "PNG")
    return out.getvalue()


def test_an_upload_can_start_a_film(api: Program, mallory: Program) -> None:
    raw = api.post("/uploads", data=_picture(), headers={"Content-Type": "image/png"})
    form = api.post("/uploads", files={"file": _picture()})
    assert (raw.status_code, raw.json()["width"]) == (201, 400)
    assert form.json()["id"] == raw.json()["id"]

    order = {"model": "kling-v2-1", "image": raw.json()["id"], "dry_run": True}
    assert api.post("/generations", order).json()["credits"] == 20
    assert mallory.post("/generations", order).status_code == 422
    assert api.post("/uploads", data=_picture(200)).status_code == 422
    assert api.post("/uploads", data=b"no picture").status_code == 422
    assert api.post("/uploads", files={"other": _picture()}).status_code == 422


def test_the_schema_accepts_what_the_api_answers(api: Program, site: str) -> None:
    document = requests.get(f"{site}/api/v1/schema", timeout=60).json()
    validate_schema(document)

    def conforms(value: object, name: str) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        Draft202012Validator(schema).validate(value)

    order = {**FILM, "reference": "r", "max_cost": 10}
    conforms(order, "Order")
    conforms(FILM, "Film")
    made = api.post("/generations", order, headers={"Prefer": "wait=60"}).json()
    conforms(made, "Generation")
    conforms(api.post("/quotes", FILM).json(), "Quote")
    conforms(api.get("/generations").json(), "GenerationPage")
    conforms(api.get("/models").json(), "ModelList")
    conforms(api.get("/tasks").json(), "TaskList")
    for task in api.get("/tasks").json()["data"]:
        assert document["components"]["schemas"].get(f"Result-{task['name']}") == task["result"]
    conforms(api.get("/models/kling-3.0").json(), "Model")
    conforms(api.get("/wallet").json(), "Wallet")
    conforms(api.get("/ledger").json(), "LedgerPage")
    for group in ("day", "model", "key", "member", "end_user"):
        conforms(api.get("/usage", params={"group_by": group}).json(), "Usage")
    conforms(api.post("/generations", {}).json(), "Problem")
    conforms(api.post("/generations", {**FILM, "dry_run": True}).json(), "Priced")


def test_requests_without_a_good_key_are_401(site: str) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eA=="}):
        answer = requests.get(f"{site}/api/v1/wallet", headers=headers, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        ("{", "application/json", 400, "invalid_request"),
        ("[1]", "application/json", 400, "invalid_request"),
        ('{"duration": NaN}', "application/json", 400, "invalid_request"),
        ("\udcff".encode("utf-8", "surrogateescape"), "application/json", 400, "invalid_request"),
        ("model=kling-v1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("", "text/plain", 422, "invalid_request"),
    ],
)
def test_an_unreadable_body_is_said_to_be_so(
    api: Program, body: str, kind: str, status: int, code: str
) -> None:
    answer = api.post("/generations", data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_body_of_more_than_24_megabytes_is_413(api: Program) -> None:
    answer = api.post("/generations", {"image": "A" * (24 * 1024 * 1024 + 1)})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_wrong_method_or_address_is_a_problem_too(api: Program) -> None:
    wrong = api.http.delete(f"{api.root}/generations", timeout=60)
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.json()["detail"] == "DELETE is not served here: use GET or POST."
    assert {"GET", "POST"} <= set(wrong.headers["Allow"].split(", "))
    assert api.get("/nothing/here").json()["code"] == "not_found"
    assert api.get("/generations/gen%00").json()["code"] == "not_found"


_BODIES = any_json.bodies(
    "model", "prompt", "duration", "image", "camera_control", "multi_prompt", "metadata",
    "reference", "quote_id", "max_cost", "webhook_url", "deadline", "dry_run", "seed", "voices",
)  # fmt: skip


@given(body=_BODIES)
def test_no_body_whatever_gives_a_5xx(site: str, body: dict[str, object]) -> None:
    program = native(site, any_json.key())
    for path in ("/generations", "/quotes"):
        answer = program.post(path, body)
        assert answer.status_code < 500, answer.text
