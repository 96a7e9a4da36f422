"""Alice's things do not exist for Mallory, at whichever address she asks for them."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
import requests
from django.db import connection, transaction
from PIL import Image

from accounts import tenancy
from accounts.models import Organisation
from generations import access
from generations.models import Generation
from kling_saas.lib.refusals import NotFound
from tests.generations.orders import actor
from tests.generations.programs import FILM, Program, available, funded, native, settled
from tests.people import Customer

CANARY = "alice-canary-7f3a"


@dataclass(frozen=True)
class Belongings:
    """What Alice has made; each carries the canary."""

    generation: str
    external: str
    quote: str
    upload: str
    ledger_entry: str


@pytest.fixture(scope="module")
def alice() -> Customer:
    """The owner."""
    return funded()


@pytest.fixture(scope="module")
def mallory() -> Customer:
    """The stranger."""
    return funded("mallory")


@pytest.fixture(scope="module")
def hers(site: str, alice: Customer) -> Belongings:
    """A film, an order through Kling's door, a quote, an upload and a ledger entry."""
    program = native(site, alice.test_key)
    film = {**FILM, "prompt": f"A kite {CANARY}"}
    made = program.post("/generations", {**film, "reference": CANARY}).json()["id"]
    kling = Program(f"{site}/kling", Authorization=f"Bearer {alice.test_key}")
    kling.post(
        "/v1/videos/text2video",
        {"model_name": "kling-v1", "prompt": CANARY, "external_task_id": CANARY},
    )
    out = io.BytesIO()
    Image.new("RGB", (400, 400), "navy").save(out, "PNG")
    assert settled(program, made)["status"] == "succeeded"
    return Belongings(
        generation=made,
        external=CANARY,
        quote=program.post("/quotes", film).json()["id"],
        upload=program.post("/uploads", data=out.getvalue()).json()["id"],
        ledger_entry=program.get("/ledger").json()["data"][0]["id"],
    )


READS = [
    "/api/v1/generations/{generation}",
    "/api/v1/generations/{generation}/content",
    "/api/v1/generations/{generation}/events",
    "/api/v1/generations?after={generation}",
    "/api/v1/quotes/{quote}",
    "/kling/v1/videos/text2video/{generation}",
    "/kling/v1/videos/text2video/{external}",
    "/kling/v1/videos/image2video/{generation}",
    "/llmprovider/v1/videos/text2video/{generation}",
    "/llmprovider/v1/videos/text2video/{external}",
    "/segmind/v2/requests/{generation}",
    "/segmind/v2/requests/{generation}/status",
    "/segmind/v1/requests/{generation}",
    "/v1/videos/text2video/{generation}",
    "/v2/requests/{generation}",
]


def ask(site: str, path: str, key: str, method: str = "GET", **more: object) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}"}
    if "segmind" in path or path.startswith("/v2/requests"):
        headers = {"x-api-key": key}
    return requests.request(
        method, site + path, headers=headers, timeout=60, allow_redirects=False, **more
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("path", READS)
def test_what_is_alices_is_404_to_mallory(
    site: str, hers: Belongings, mallory: Customer, path: str
) -> None:
    answer = ask(site, path.format(**vars(hers)), mallory.test_key)
    assert answer.status_code == 404
    assert "A kite" not in answer.text


@pytest.mark.parametrize("path", READS)
def test_what_is_in_test_mode_is_404_to_alices_own_live_key(
    site: str, hers: Belongings, alice: Customer, path: str
) -> None:
    assert ask(site, path.format(**vars(hers)), alice.live_key).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/api/v1/generations", "/api/v1/ledger", "/api/v1/wallet", "/kling/v1/videos/text2video",
     "/kling/account/costs?start_time=0&end_time=4102444800000"],
)  # fmt: skip
def test_mallorys_lists_show_nothing_of_alices(
    site: str, hers: Belongings, mallory: Customer, path: str
) -> None:
    answer = ask(site, path, mallory.test_key)
    assert answer.status_code == 200
    for secret in (CANARY, *vars(hers).values()):
        assert secret not in answer.text


def test_there_is_no_page_after_alices_entry_for_mallory(
    site: str, hers: Belongings, mallory: Customer
) -> None:
    answer = ask(site, f"/api/v1/ledger?after={hers.ledger_entry}", mallory.test_key)
    assert (answer.status_code, "data" in answer.json()) == (404, False)


def test_mallory_cannot_act_on_what_is_alices_and_it_costs_nobody_anything(
    site: str, hers: Belongings, alice: Customer, mallory: Customer
) -> None:
    before = available(alice), available(mallory)
    cancel = ask(site, f"/api/v1/generations/{hers.generation}/cancel", mallory.test_key, "POST")
    quoted = {**FILM, "prompt": f"A kite {CANARY}", "quote_id": hers.quote}
    use = ask(site, "/api/v1/generations", mallory.test_key, "POST", json=quoted)
    picture = {"model": "kling-v2-1", "image": hers.upload}
    start = ask(site, "/api/v1/generations", mallory.test_key, "POST", json=picture)
    assert (cancel.status_code, use.status_code, start.status_code) == (404, 404, 422)
    assert start.json()["violations"][0]["code"] == "unknown_upload"
    assert (available(alice), available(mallory)) == before


def test_the_same_external_id_is_another_task_for_each_customer(
    site: str, hers: Belongings, mallory: Customer
) -> None:
    body = {"model_name": "kling-v1", "prompt": "mine", "external_task_id": CANARY}
    made = ask(site, "/kling/v1/videos/text2video", mallory.test_key, "POST", json=body)
    assert made.status_code == 200
    assert made.json()["data"]["task_id"] != hers.generation
    mine = ask(site, f"/kling/v1/videos/text2video/{CANARY}", mallory.test_key).json()["data"]
    assert mine["task_id"] == made.json()["data"]["task_id"]


def test_a_look_leaves_the_tenant_of_the_transaction_around_it(
    alice: Customer, mallory: Customer, hers: Belongings
) -> None:
    with tenancy.system("a look within what sees every tenant"):
        assert access.find(actor(alice), hers.generation).public_id == hers.generation
        assert _open_tenant() == tenancy.EVERY_TENANT
        with pytest.raises(NotFound):
            access.find(actor(mallory), hers.generation)
        assert Organisation.objects.filter(pk=mallory.organisation.pk).exists()
    with transaction.atomic():
        access.find(actor(alice), hers.generation)
        assert _open_tenant() == tenancy.NO_TENANT
        assert not Generation._base_manager.exists()
    access.find(actor(alice), hers.generation)
    assert _open_tenant() == tenancy.NO_TENANT


def _open_tenant() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.tenant', true), '')")
        return str(cursor.fetchone()[0])
