"""Every program on the pages of the documentation runs as it stands, with the reader's test key."""

from __future__ import annotations

import base64
import hmac
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from PIL import Image

from accounts import access_keys, tenancy
from kling_saas.web.docs import examples
from kling_saas.web.docs.pages import PAGES
from tests.documents import DIALECTS
from tests.generations.programs import funded, native
from tests.people import Customer
from tests.stack import free_ports
from tests.waiting import until
from tests.web import snippets
from tests.web.snippets import Snippet

GUIDES = [slug for slug in PAGES if not slug.startswith("reference-")]
_PLACEHOLDER = re.compile(r"\bksk_test_…")
_KEY = re.compile(r"ksk_test_[0-9A-Za-z]{44}")


def _shown(site: str, slug: str, alice: Customer) -> list[Snippet]:
    """What a page shows to everybody, with the key of this reader in it."""
    page = requests.get(site + PAGES[slug].path, timeout=60).text
    assert not _KEY.search(page)
    found = snippets.of(page)
    return [replace(each, code=_PLACEHOLDER.sub(alice.test_key, each.code)) for each in found]


def _folder(tmp_path: Path) -> Path:
    Image.new("RGB", (320, 320), "teal").save(tmp_path / examples.FILE)
    return tmp_path


@pytest.mark.parametrize("slug", GUIDES)
def test_every_program_of_a_guide_runs_as_it_stands(site: str, slug: str, tmp_path: Path) -> None:
    alice, folder = funded(), _folder(tmp_path)
    failed = []
    for snippet in _shown(site, slug, alice):
        if snippet.run == "webhook":
            continue  # the test below posts to it
        if snippet.run == "pair":
            snippet = replace(snippet, code=_with_pair(snippet.code, alice))
        code, said = snippets.done(snippet, folder)
        wanted = 22 if snippet.run == "refused" else 0  # as curl says it
        if code != wanted:
            failed.append(f"{snippet.name}\n{said[-600:]}")
    assert failed == []


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_each_dialect_s_first_order_of_the_reference_runs(
    site: str, dialect: str, tmp_path: Path
) -> None:
    shown = _shown(site, f"reference-{dialect}", funded())
    order = next(each for each in shown if " -d " in each.code and "/v1/kling" not in each.code)
    assert f"{site}/{dialect}/v" in order.code
    code, said = snippets.done(order, _folder(tmp_path))
    assert code == 0, said


def _with_pair(code: str, alice: Customer) -> str:
    with tenancy.scope(alice.organisation.pk):
        pair, secret = access_keys.issue(alice.organisation.pk, livemode=False, name="docs")
    return code.replace("ACCESS_KEY", pair.access_key).replace("SECRET_KEY", secret)


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_receiver_takes_the_product_s_events_and_nobody_else_s(
    site: str, language: str, tmp_path: Path
) -> None:
    alice = funded()
    (receiver,) = [
        each
        for each in _shown(site, "webhooks", alice)
        if (each.run, each.language) == ("webhook", language)
    ]
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}/"
    api = native(site, alice.test_key)
    endpoint = api.post("/webhooks", {"url": address}).json()
    process = snippets.begun(receiver, tmp_path, PORT=str(port), WEBHOOK_SECRET=endpoint["secret"])
    try:
        until(lambda: _answers(address), seconds=30, what="that the receiver listens")
        forged = {"webhook-id": "evt_1", "webhook-timestamp": str(int(time.time())),
                  "webhook-signature": "v1,aGVsbG8="}  # fmt: skip
        assert requests.post(address, b"{}", headers=forged, timeout=10).status_code == 401
        assert api.post(f"/webhooks/{endpoint['id']}/test").status_code == 202
        assert process.stdout is not None
        ident, kind = process.stdout.readline().split()
        assert (ident[:4], kind) == ("evt_", "webhook.test")
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_receiver_without_a_secret_takes_nothing(
    site: str, language: str, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    receivers = [each for each in _shown(site, "webhooks", funded()) if each.run == "webhook"]
    (receiver,) = [each for each in receivers if each.language == language]
    process = snippets.begun(receiver, tmp_path, PORT=str(port), WEBHOOK_SECRET="")
    at = str(int(time.time()))
    proof = hmac.digest(b"", b"evt_1." + at.encode() + b".{}", "sha256")
    forged = {"webhook-id": "evt_1", "webhook-timestamp": at,
              "webhook-signature": "v1," + base64.b64encode(proof).decode()}  # fmt: skip

    def over() -> bool:
        """It has ended, or hung up on the forged post: nothing takes it."""
        if process.poll() is not None:
            return True
        try:
            answer = requests.post(f"http://127.0.0.1:{port}/", b"{}", headers=forged, timeout=5)
        except requests.ConnectionError as error:
            return "refused" not in str(error)  # that is: it does not listen yet
        assert answer.status_code >= 400
        return True

    try:
        until(over, seconds=30, what="that the receiver is over, or answers")
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _answers(address: str) -> bool:
    try:
        return requests.post(address, b"", timeout=5).status_code == 401
    except requests.ConnectionError:
        return False
