"""What is typed into the library's search box, and what is understood."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from generations.forms import search
from generations.gallery.listing import Wanted
from generations.terms import COST_MOST


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("red kite", {"words": "red kite"}),
        ('"red kite" dunes', {"words": "red kite dunes"}),
        ("model:kling-v3 kite", {"facts": {"model": "kling-v3"}, "words": "kite"}),
        ('MODEL:"Kling 3.0"', {"facts": {"model": "kling-v3"}}),
        ("ratio:9x16 mode:standard", {"facts": {"aspect_ratio": "9:16", "mode": "std"}}),
        ("ratio：9:16", {"facts": {"aspect_ratio": "9:16"}}),  # as Chinese keyboards write it
        ("kind:image2video", {"facts": {"kind": "image2video"}}),
        ("cost:20", {"cost": (20, 20)}),
        ("cost:>20", {"cost": (21, COST_MOST)}),
        ("cost:<=35", {"cost": (0, 35)}),
        ("cost:10..35", {"cost": (10, 35)}),
        ("is:fav", {"favourite": True}),
        ("is:favourite", {"favourite": True}),
        ("tag:Spring tag:sea", {"tags": ("Spring", "sea")}),
        ("after:2026-11-01", {"since": datetime(2026, 11, 1, tzinfo=UTC)}),
        ("before:2026", {"until": datetime(2026, 1, 1, tzinfo=UTC)}),
        ("model:kling-v1 model:kling-v3", {"facts": {"model": "kling-v3"}}),  # the last one counts
        ("12:30", {"words": "12:30"}),
        ('"http://a.b"', {"words": "http://a.b"}),
        ("", {}),
    ],
)
def test_a_search_is_understood(typed: str, wanted: dict[str, Any]) -> None:
    found = search.parse(typed)
    assert found.wrong == ()
    assert found.wanted() == Wanted(**wanted)
    assert search.parse(found.text).wanted() == found.wanted()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("colour:red", "is no filter. There are model:, ratio:"),
        ("http://a.b", "is no filter"),
        ("model:sora", "Choose from kling-v1,"),
        ("ratio:4:3", "Choose from 16:9, 9:16, 1:1."),
        ("cost:cheap", "Write cost:20, cost:>20"),
        ("cost:>1..2", "Write cost:20, cost:>20"),
        ("after:yesterday", "Write it like after:2026-11-01."),
        ("before:2026-13-01", "Write it like before:2026-11-01."),
        ("is:red", "Write is:fav"),
        ("model:", "needs a value"),
        (" ".join(f"word{n}" for n in range(30)), "at most 24 different ones"),
    ],
)
def test_what_is_not_understood_is_left_out_and_told_with_the_way_out(
    typed: str, told: str
) -> None:
    found = search.parse(f"tag:sea {typed}")
    (wrong,) = found.wrong
    assert told in wrong.why
    assert found.wanted() == Wanted(tags=("sea",))
    if "at most" not in told and typed != "model:":
        assert search.parse(wrong.as_words).wanted().words


def test_filters_are_set_and_taken_away_one_by_one() -> None:
    found = search.parse('kite model:kling-v3 in:"Spring campaign"')
    assert found.value("in") == "Spring campaign"
    assert found.set("model", "kling-v1").text == 'kite in:"Spring campaign" model:kling-v1'
    assert found.set("model", "").text == 'kite in:"Spring campaign"'
    assert found.without(found.parts[0]).text == 'model:kling-v3 in:"Spring campaign"'
