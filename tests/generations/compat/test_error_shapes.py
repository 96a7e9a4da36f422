"""Whatever is wrong with a request, each dialect says so in its own shape, wherever it is asked."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from generations.compat.doors import door
from generations.compat.kling.errors import refuse as kling_refuses
from generations.compat.llmprovider.errors import refuse as llmprovider_refuses
from generations.compat.openai.errors import refuse as openai_refuses
from generations.compat.segmind.errors import refuse as segmind_refuses
from kling_saas.web import errors
from tests.generations.programs import funded

TOO_LARGE = 24 * 1024 * 1024 + 1


@dataclass(frozen=True)
class Dialect:
    """Where it orders and looks, and how its key is sent."""

    name: str
    order: str
    look: str
    nowhere: str
    header: str
    shape: Callable[[Any], bool]

    def headers(self, key: str) -> dict[str, str]:
        return {self.header: f"Bearer {key}" if self.header == "Authorization" else key}


def _klings(told: Any) -> bool:
    return set(told) == {"code", "message", "request_id"} and isinstance(told["code"], int)


def _segminds(told: Any) -> bool:
    return set(told) == {"error"} and isinstance(told["error"], str)


def _openais(told: Any) -> bool:
    return set(told) == {"error"} and set(told["error"]) == {"message", "type", "param", "code"}


FILMS = "/v1/videos/text2video"
DIALECTS = (
    Dialect("kling", FILMS, FILMS, "/v1/nothing/here", "Authorization", _klings),
    Dialect(
        "segmind", "/v1/kling-text2video", "/v2/requests", "/v1/nothing/here", "x-api-key",
        _segminds,
    ),
    Dialect("llmprovider", FILMS, FILMS, "/v1/nothing/here", "Authorization", _openais),
    Dialect("openai", "/v1/videos", "/v1/videos", "/v1/videos/edits", "Authorization", _openais),
)  # fmt: skip
NO_METHOD = {"kling": 404}  # which its table calls an invalid method
# At the root an order without `model` and a query for nobody's task are Kling's.
AT_ROOT = [each for each in DIALECTS if each.name != "llmprovider"]
PLACES = [
    *(pytest.param(each, f"/{each.name}", "", id=f"{each.name}-prefix") for each in DIALECTS),
    *(pytest.param(each, "", f"{each.name}.test", id=f"{each.name}-host") for each in DIALECTS),
    *(pytest.param(each, "", "", id=f"{each.name}-root") for each in AT_ROOT),
]


@dataclass
class Caller:
    """Sends what a program would never send."""

    site: str
    host: str

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(urlsplit(self.site).netloc, timeout=60)
        connection.putrequest(method, path, skip_host=bool(self.host))
        if self.host:
            connection.putheader("Host", self.host)
        if body is not None and "Content-Length" not in headers:
            headers = {**headers, "Content-Length": str(len(body))}
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse()


@pytest.fixture(scope="module")
def key() -> str:
    """Of a customer whose orders are all refused."""
    return funded("clumsy").test_key


JSON, FORM = ({"Content-Type": kind} for kind in ("application/json", "multipart/form-data"))
LARGE = {"Content-Length": str(TOO_LARGE)}
BODIES = (  # what is wrong, its headers and the body
    ("not JSON", JSON, b"{"),
    ("no UTF-8", JSON, b'{"prompt": "\xff"}'),
    ("no object", JSON, b"[]"),
    ("nothing in it", JSON, b"{}"),
    ("not what it says", {"Content-Type": "text/plain"}, b"{}"),
    ("a form without an end", {"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\n"),
    ("a form without a boundary", FORM, b"prompt=x"),
    ("too large", {**JSON, **LARGE}, None),
    ("too large a form", {"Content-Type": "multipart/form-data; boundary=x", **LARGE}, None),
)


@pytest.mark.parametrize(("dialect", "prefix", "host"), PLACES)
def test_every_error_wears_the_shape_of_its_dialect(
    site: str, key: str, dialect: Dialect, prefix: str, host: str
) -> None:
    caller, mine = Caller(site, host), dialect.headers(key)
    order, look = prefix + dialect.order, prefix + dialect.look
    bad = dialect.headers("ksk_test_nobodys")
    found = {
        "unknown route": (404, caller.ask("GET", prefix + dialect.nowhere, mine)),
        "unknown route, posted": (404, caller.ask("POST", prefix + dialect.nowhere, mine, b"{}")),
        "wrong method": (NO_METHOD.get(dialect.name, 405), caller.ask("PATCH", order, mine)),
        "odd method": (NO_METHOD.get(dialect.name, 405), caller.ask("BREW", order, mine)),
        "no credential": (401, caller.ask("POST", order, JSON, b'{"prompt": "x"}')),
        "bad credential": (401, caller.ask("POST", order, {**bad, **JSON}, b'{"prompt": "x"}')),
        "nobody's task": (404, caller.ask("GET", f"{look}/gen_nobodys", mine)),
        "no UTF-8 in the path": (404, caller.ask("GET", f"{look}/gen_%ff%fe", mine)),
        "no encoding in the path": (404, caller.ask("GET", f"{look}/gen_%zz%", mine)),
    }
    for name, headers, body in BODIES:
        found[name] = (400, caller.ask("POST", order, {**mine, **headers}, body))
    wrong = {}
    for name, (status, answer) in found.items():
        text = answer.read().decode()
        told = json.loads(text) if text.startswith("{") else {}
        kind = answer.headers["Content-Type"]
        if (answer.status, kind) != (status, "application/json") or not dialect.shape(told):
            wrong[name] = (answer.status, kind, text[:200])
    assert wrong == {}


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        *((f"/{each.name}{each.order}", each.shape) for each in DIALECTS),
        ("/v1/videos", _openais),
        ("/v1/videos/gen_nobodys/content", _openais),
        ("/v1/videos/video_nobodys", _openais),
        ("/v1/videos/edits", _openais),
        (FILMS, _klings),
        ("/v2/anything", _segminds),
        ("/account/costs", _klings),
    ],
)
def test_a_host_that_is_not_ours_is_told_before_any_door_and_so_is_a_broken_server(
    site: str, path: str, shape: Callable[[Any], bool]
) -> None:
    answer = Caller(site, "elsewhere.example").ask("POST", path, JSON, b"{}")
    assert (answer.status, shape(json.load(answer))) == (400, True)
    broken = errors.broken(RequestFactory().get(path))
    assert (broken.status_code, shape(json.loads(broken.content))) == (500, True)
    stray = Caller(site, "").ask("GET", "/account/costs/of/nothing", {})
    assert (stray.status, _klings(json.load(stray))) == (404, True)


REFUSALS = {
    "kling": kling_refuses,
    "segmind": segmind_refuses,
    "llmprovider": llmprovider_refuses,
    "openai": openai_refuses,
}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
def test_a_fault_of_ours_is_a_500_in_the_same_shape(dialect: Dialect) -> None:
    @door(("GET",), REFUSALS[dialect.name])
    def broken(request: HttpRequest) -> Any:
        raise ZeroDivisionError

    answer = broken(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert dialect.shape(json.loads(answer.content))
