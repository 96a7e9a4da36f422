"""What an end user's token may name in an order: that end user's own, and what is made for all."""

from __future__ import annotations

from typing import Any

from accounts import tenancy
from generations.models import Generation
from generations.wire.kling.own import number_of
from tests.accounts.test_end_users import minted
from tests.generations.programs import FILM, Program, film_of, funded, native, settled

PICTURE = "https://example.com/a.png"
ELEMENT = {"task": "custom-element", "element_name": "Fox", "element_description": "A red fox",
           "image": PICTURE, "images": [PICTURE]}  # fmt: skip
OMNI = {"task": "omni-video", "prompt": "<<<element_1>>> runs", "aspect_ratio": "1:1"}


def made(program: Program, order: dict[str, Any]) -> str:
    """The id of what was ordered and is done."""
    done = settled(program, program.post("/generations", order).json()["id"])
    assert done["status"] == "succeeded", done
    return str(done["id"])


def known(public_id: str) -> tuple[str, str]:
    """The number that we give an element, and what its upstream calls it."""
    with tenancy.system("a test looks"):
        row = Generation.objects.get(public_id=public_id)
    return str(number_of(row.pk)), str(row.known_as)


def refused(program: Program, order: dict[str, Any], field: str) -> None:
    before = {each["id"] for each in program.get("/generations").json()["data"]}
    for path in ("/quotes", "/generations"):
        answer = program.post(path, order)
        assert answer.status_code == 422, answer.text
        (violation,) = answer.json()["violations"]
        assert (violation["field"], violation["code"]) == (field, "unknown_source")
    after = {each["id"] for each in program.get("/generations").json()["data"]}
    assert after == before


def test_an_end_user_orders_with_their_own_films_and_with_nobody_elses(site: str) -> None:
    alice = funded()
    server = native(site, alice.test_key)
    ann, ben = (native(site, minted(alice, name)) for name in ("ann", "ben"))
    films = {"ann": made(ann, FILM), None: made(server, FILM)}
    for film in films.values():
        for name in (film, film_of(film).public_id):
            refused(ben, {"task": "video-to-audio", "video": name}, "video")
    for film in films.values():  # the server goes on from every one
        assert server.post("/quotes", {"task": "video-to-audio", "video": film}).ok
    assert ann.post("/quotes", {"task": "video-to-audio", "video": films["ann"]}).ok


def test_an_element_is_its_end_users_and_the_servers_own_are_for_all(site: str) -> None:
    alice = funded()
    server = native(site, alice.test_key)
    ann, ben = (native(site, minted(alice, name)) for name in ("ann", "ben"))
    hers, shared = made(ann, ELEMENT), made(server, ELEMENT)
    for name in (hers, *known(hers)):
        refused(ben, {**OMNI, "elements": [name]}, "elements[0]")
        assert ann.post("/quotes", {**OMNI, "elements": [name]}).ok
    for name in (shared, *known(shared)):
        for program in (ann, ben, server):
            assert program.post("/quotes", {**OMNI, "elements": [name]}).ok
