"""An account that is full while others have room: who waits for it comes in turn, not by luck."""

from __future__ import annotations

from accounts import tenancy
from generations.models import Generation
from tests.generations.programs import Program, funded, native, settled
from tests.selling import MODEL, Seller
from tests.waiting import until

PLACES, MANY = 2, 14


def order(program: Program, prompt: str) -> str:
    answer = program.post("/generations", {"model": MODEL, "prompt": prompt})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def in_turn(films: list[str]) -> list[str]:
    """The films in the order of their hand-over."""
    with tenancy.system("a test looks at every tenant"):
        rows = Generation.objects.filter(public_id__in=films).order_by("handed_over_at")
        return list(rows.values_list("public_id", flat=True))


def test_who_waits_for_a_full_account_comes_in_turn_though_others_have_room(
    site: str, sell: Seller
) -> None:
    sell(concurrency=PLACES)
    alice, bob = (native(site, funded(name).test_key) for name in ("alice", "bob"))
    many = [order(alice, f"Boat {n} slow:0.3") for n in range(MANY)]
    only = order(bob, "A single kite slow:0.3")
    for film in [*many, only]:
        assert settled(alice if film in many else bob, film)["status"] == "succeeded"

    came = in_turn([*many, only])
    mine = [film for film in came if film in many]
    late = [film for n, film in enumerate(mine) if abs(n - many.index(film)) >= 2 * PLACES]
    assert late == []  # what is handed over at once may pass each other, and who was slow at it
    # Alice's first were gone or going when Bob came; after those it is his turn.
    assert came.index(only) < 4 * PLACES


def test_an_account_that_is_added_takes_over_from_one_that_is_full(site: str, sell: Seller) -> None:
    sell(concurrency=1)
    program = native(site, funded().test_key)
    first = order(program, "A long one slow:12")
    second = order(program, "The next one")
    until(lambda: in_turn([first]) and program.get(f"/generations/{first}").json()["status"]
          == "processing", what="the first one's hand-over")  # fmt: skip
    assert program.get(f"/generations/{second}").json()["status"] == "queued"
    sell()
    assert settled(program, second)["status"] == "succeeded"
    assert program.get(f"/generations/{first}").json()["status"] == "processing"
