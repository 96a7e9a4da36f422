"""Films side by side."""

from __future__ import annotations

import re

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
