"""Many requests on one connection: none sees what another one was allowed to."""

from __future__ import annotations

import http.client
import json
import re
from urllib.parse import urlsplit

import requests

from accounts import tenancy
from accounts.models import Organisation
from tests.generations.programs import funded


def test_a_large_body_leaves_nothing_behind_on_its_connection(site: str) -> None:
    alice, bob = funded(), funded("bob")
    browser = requests.Session()
    login = browser.get(f"{site}/accounts/login/", timeout=60)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', login.text)
    assert token
    form = {"login": alice.user.email, "password": "screening-room-9"}
    browser.post(
        f"{site}/accounts/login/",
        data={**form, "csrfmiddlewaretoken": token[1]},
        headers={"Referer": site},
        timeout=60,
    )
    cookies = "; ".join(f"{c.name}={c.value}" for c in browser.cookies)
    wire = http.client.HTTPConnection(urlsplit(site).netloc, timeout=60)

    def call(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        wire.request(method, path, body, headers)
        answer = wire.getresponse()
        return answer.status, answer.read()

    for _ in range(8):
        large = b"prompt=" + b"x" * 300_000
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        call("POST", "/app/studio", large, Cookie=cookies, Referer=site, **kind)
        assert call("GET", "/app/library", Cookie=cookies)[0] == 200
        status, body = call("GET", "/api/v1/wallet", Authorization=f"Bearer {bob.test_key}")
        assert (status, json.loads(body)["available"]) == (200, 10_000)
    with tenancy.scope(bob.organisation.pk):
        assert Organisation.objects.count() == 1
