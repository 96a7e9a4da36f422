"""What goes away is announced on every answer, and is gone on the day that was said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests

from kling_saas.lib import deprecations
from tests.generations import programs
from tests.generations.programs import FILM
from tests.stack import Stack

GOING = "/api/v1/usage 2026-01-01 2099-06-01 https://example.org/usage"
GONE = [
    "/api/v1/vouchers 2025-01-01 2026-01-01",
    "/kling/v1/videos/text2video 2025-01-01 2026-01-01",
    "/segmind 2025-01-01 2026-01-01",
    "/llmprovider 2025-01-01 2026-01-01",
    "/openai/v1/videos 2025-01-01 2026-01-01",
]


@pytest.fixture(scope="module")
def product() -> Iterator[Stack]:
    stack = Stack(API_DEPRECATIONS=",".join([GOING, *GONE, "/api/v1/ledger 2099-01-01"]))
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
def key(product: Stack) -> str:
    return str(product.facts["test_key"])


def test_what_is_going_says_since_when_until_when_and_where_to_read(
    product: Stack, key: str
) -> None:
    api = programs.native(product.site, key)
    refused = programs.native(product.site, "nonsense")
    for answer in (api.get("/usage"), refused.get("/usage")):
        assert answer.status_code in (200, 401)
        assert answer.headers["Deprecation"] == "@1767225600"
        assert answer.headers["Sunset"] == "Mon, 01 Jun 2099 00:00:00 GMT"
        links = requests.utils.parse_header_links(answer.headers["Link"])
        assert {link["rel"]: link["url"] for link in links} == {
            "deprecation": "https://example.org/usage",
            "sunset": "https://example.org/usage",
        }
    endless = api.get("/ledger")
    assert endless.headers["Deprecation"] == "@4070908800"  # a day that is to come
    where = f'<{product.site}/docs/deprecations>; rel="deprecation"'
    assert endless.headers["Link"].startswith(where)
    assert "Sunset" not in endless.headers
    for path in ("/wallet", "/ledger.csv"):
        assert "Deprecation" not in api.get(path).headers
    page = requests.get(f"{product.site}/docs/deprecations", timeout=60).text
    assert "2099-06-01" in page
    assert "Nothing is going away" not in page


def test_after_its_day_each_door_says_gone_in_its_own_shape(product: Stack, key: str) -> None:
    api = programs.native(product.site, key)
    before = api.get("/wallet").json()
    native = api.post("/vouchers", {"code": "x"})
    assert native.json()["code"] == "retired"
    assert native.headers["Content-Type"] == "application/problem+json"
    assert native.headers["Sunset"] == "Thu, 01 Jan 2026 00:00:00 GMT"

    bearer, prompt = {"Authorization": f"Bearer {key}"}, {"prompt": "A paper boat"}
    doors = {
        "/kling/v1/videos/text2video": lambda told: told["message"],
        "/segmind/v2/kling-text2video": lambda told: told["error"],
        "/llmprovider/v1/videos/text2video": lambda told: told["error"]["message"],
        "/openai/v1/videos": lambda told: told["error"]["message"],
    }
    for path, words in doors.items():
        gone = requests.post(product.site + path, json=prompt, headers=bearer, timeout=60)
        assert gone.status_code == 410, path
        assert f"{product.site}/docs/deprecations" in words(gone.json()), path
    assert api.get("/wallet").json() == before
    other = requests.get(f"{product.site}/kling/account/costs", headers=bearer, timeout=60)
    assert other.status_code != 410
    assert api.post("/generations", FILM).status_code == 202


def test_it_is_read_as_it_is_written() -> None:
    (one,) = deprecations.read([GOING])
    assert (one.prefix, one.link) == ("/api/v1/usage", "https://example.org/usage")
    assert (one.since, one.sunset) == (
        datetime(2026, 1, 1, tzinfo=UTC), datetime(2099, 6, 1, tzinfo=UTC)
    )  # fmt: skip
    paths = ("/api/v1/usage", "/api/v1/usage/x", "/api/v1/usages", "/api/v1")
    assert [one.covers(path) for path in paths] == [True, True, False, False]
    narrow, wide = deprecations.read(["/v1/videos 2026-01-01", "/v1/ 2026-02-01 -"])
    assert deprecations.of("/v1/videos/x", [wide, narrow]) is narrow
    assert deprecations.of("/v1/other", [wide, narrow]) is wide
    assert deprecations.of("/v2", [wide, narrow]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "", "/usage", "usage 2026-01-01", "/usage soon", "/usage 2026-01-01 2025-01-01",
        "/usage 2026-01-01 - example.org", "/usage 2026-01-01 - https://a.org more",
        "/ü 2026-01-01",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(wrong: str) -> None:
    with pytest.raises(deprecations.Unreadable):
        deprecations.read([wrong])
