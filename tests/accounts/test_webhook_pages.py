"""The pages of webhooks: an endpoint from its first event to its end; what failed, sent again."""

from __future__ import annotations

import html
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from django.test import Client

from accounts import tenancy
from accounts.models import WebhookDelivery, WebhookEndpoint
from tests.accounts.receiving import Came, Receiver, endpoint
from tests.accounts.test_log_pages import developer, page
from tests.generations.programs import FILM, Program, funded
from tests.people import Customer
from tests.waiting import until


def _made(web: Client, url: str, **more: Any) -> tuple[str, str]:
    """A new endpoint: its page and its secret."""
    answer = web.post("/dev/webhooks", {"url": url, "events": ["generation.*"], **more})
    assert answer.status_code == 200
    told = html.unescape(answer.content.decode())
    (secret,) = re.findall(r'id="new-secret">(whsec_[^<]+)<', told)
    return re.findall(r'href="(/dev/webhooks/whe_\w+)"', told)[0], secret


def _verified(came: Came, secret: str, shell: str, folder: Path) -> int:
    (folder / "body.json").write_bytes(came.content)
    given = {
        "ID": came.headers["webhook-id"],
        "TIMESTAMP": came.headers["webhook-timestamp"],
        "SIGNATURE": came.headers["webhook-signature"],
        "WEBHOOK_SECRET": secret,
    }
    return subprocess.run(
        ["sh", "-c", shell], cwd=folder, env=os.environ | given, check=False, capture_output=True
    ).returncode


def test_an_endpoint_is_made_tried_and_its_secret_verifies_what_comes(
    alice: Customer, server: Receiver, tmp_path: Path
) -> None:
    web = developer(alice)
    place, secret = _made(web, f"{server.address}/a", description="our queue")
    assert secret not in page(web, place)
    assert web.post(f"{place}/test").status_code == 302
    came = until(lambda: server.at("/a"), what="the test event")[0]
    told = page(web, place)
    (shell,) = re.findall(r'id="code-shell">(.*?)</pre>', web.get(place).content.decode(), re.S)
    program = html.unescape(re.sub(r"<[^>]+>", "", shell))
    assert _verified(came, secret, program, tmp_path) == 0
    assert _verified(came, "whsec_AAAA", program, tmp_path) == 1
    until(lambda: "1 of the last 1 events taken" in page(web, "/dev/webhooks"), what="its health")
    assert "webhook.test" in told
    assert "our queue" in told

    answer = web.post(f"{place}/roll", {"overlap": "0"})
    (other,) = re.findall(r'id="new-secret">(whsec_[^<]+)<', html.unescape(answer.content.decode()))
    assert "no-store" in answer["Cache-Control"]
    web.post(f"{place}/test")
    newest = until(lambda: len(server.at("/a")) > 1 and server.at("/a"), what="the second")[1]
    assert _verified(newest, other, program, tmp_path) == 0
    assert _verified(newest, secret, program, tmp_path) == 1


def test_what_failed_is_seen_with_its_answer_and_sent_again_within_seconds(
    alice: Customer, api: Program, server: Receiver
) -> None:
    web = developer(alice)
    server.answers["/a"] = (500, b'{"oops": "the disk is full"}', {})
    place = f"/dev/webhooks/{endpoint(api, f'{server.address}/a', 'generation.queued')['id']}"
    api.post("/generations", FILM)
    told = until(lambda: "500" in (it := page(web, place)) and it, what="the failure on the page")
    delivery = re.findall(rf'href="({place}/deliveries/whd_\w+)"', told)[0]
    whole = page(web, delivery)
    for words in ("the disk is full", "generation.queued", "waits for its next try", "v1,"):
        assert words in whole
    server.answers.clear()
    tries = len(server.at("/a"))
    assert web.post(f"{delivery}/resend").status_code == 302
    until(lambda: len(server.at("/a")) > tries, seconds=5, what="the try that was asked for")
    until(lambda: "taken" in page(web, delivery), what="that it was taken")
    assert len({came.event for came in server.at("/a")}) == 1
    again = web.post(f"{place}/resend", {"hours": "24"}, follow=True).content.decode()
    assert "0 events are sent again." in again


def test_a_paused_endpoint_is_told_nothing_until_it_is_resumed(
    alice: Customer, api: Program, server: Receiver
) -> None:
    web = developer(alice)
    place, _secret = _made(web, f"{server.address}/a")
    web.post(f"{place}/switch", {"enabled": "0"})
    assert "paused" in page(web, place)
    assert "is disabled" in web.post(f"{place}/test", follow=True).content.decode()
    web.post(f"{place}/switch", {"enabled": "1"})
    web.post(f"{place}/test")
    until(lambda: server.at("/a"), what="the test event")
    assert len(server.at("/a")) == 1
    changed = {"url": f"{server.address}/b", "events": ["purchase.paid"]}
    assert web.post(place, changed).status_code == 302
    shown = api.get(place.replace("/dev", "")).json()
    assert (shown["url"], shown["events"]) == (changed["url"], changed["events"])
    assert web.post(f"{place}/delete").status_code == 302
    assert web.get(place).status_code == 404


def test_the_forms_refuse_with_reasons_keep_what_was_typed_and_change_nothing(
    alice: Customer, server: Receiver
) -> None:
    web = developer(alice)
    refused = web.post("/dev/webhooks", {"url": "ftp://here", "events": ["nonsense"]})
    told = refused.content.decode()
    assert refused.status_code == 422
    assert 'value="ftp://here"' in told
    for words in ("url must be a public https:// address", "events[0] must"):
        assert words in told
    place, _secret = _made(web, f"{server.address}/a")
    assert web.post(place, {"url": "nowhere"}).status_code == 422
    assert web.post(f"{place}/roll", {"overlap": "99999999"}).status_code == 422
    stranger = developer(funded("mallory"))
    for act in ("", "/test", "/switch", "/roll", "/delete", "/resend", "/deliveries/whd_1/resend"):
        assert stranger.post(place + act, {"url": server.address}).status_code == 404, act
    with tenancy.scope(alice.organisation.pk):
        (row,) = WebhookEndpoint.objects.all()
        assert (row.url, row.events, row.disabled_at) == (
            f"{server.address}/a", ["generation.*"], None,
        )  # fmt: skip
        assert row.previous_until is None
        assert WebhookDelivery.objects.count() == 0
