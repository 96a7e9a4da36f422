"""Films side by side, and films that were made out of films."""

from __future__ import annotations

import re

from accounts import tenancy
from generations.models import Generation, Video
from tests.generations.orders import parked
from tests.generations.programs import funded
from tests.generations.test_library_pages import browser_of, films
from tests.generations.test_retention import stored


def test_films_are_compared_by_what_they_were_made_with() -> None:
    alice = funded()
    one = stored(alice, parked(alice, prompt="a kite", model="kling-v1-6", mode="std", seed=None))
    two = stored(alice, parked(alice, prompt="a kite", model="kling-v1-6", mode="pro", seed=None))
    client = browser_of(alice)
    chosen = {"action": "compare", "film": [one.public_id, two.public_id]}
    page = client.post("/app/library/bulk", chosen, follow=True).content.decode()
    assert page.count("<video") == 2
    differs = re.findall(r'<tr class="differs"><th scope="row">([^<]+?) <', page)
    assert differs == ["Quality", "Cost"]
    assert "<td>Standard</td><td>Pro</td>" in page
    alone = {"action": "compare", "film": one.public_id}
    assert (
        "Choose two to four"
        in client.post("/app/library/bulk", alone, follow=True).content.decode()
    )
    theirs = films(funded(), "a boat", "the sea")
    named = "&".join(f"film={film.public_id}" for film in theirs)
    assert client.get(f"/app/library/compare?{named}").status_code == 404


def test_a_film_shows_what_it_was_made_of_and_what_was_made_of_it() -> None:
    alice = funded()
    (first,) = films(alice, "a kite")
    order = parked(alice, prompt="and on")
    params = {**order.params, "task": "video-extend", "video": first.generation.public_id}
    with tenancy.scope(alice.organisation.pk):
        Generation.objects.filter(pk=order.pk).update(params=params, kind="video-extend")
        order = Generation.objects.get(pk=order.pk)
    longer = stored(alice, order)
    client = browser_of(alice)

    def lineage(film: Video) -> list[tuple[str, str]]:
        page = client.get(f"/app/library/{film.public_id}").content.decode()
        return re.findall(r'<li><a href="/app/library/(\w+)"><img[^>]*><span>([^<]+)<', page)

    assert lineage(first) == [(longer.public_id, "Made out of it")]
    assert lineage(longer) == [(first.public_id, "Made from")]
    client.post(f"/app/library/{first.public_id}/trash")
    assert lineage(longer) == []
