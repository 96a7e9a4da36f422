"""What logs and the operators' trail may show: no credential, and nothing the database refuses."""

from __future__ import annotations

import io
import json
import logging

import httpx
import pytest
from django.db import Error, connection

from generations.providers.trail import KEPT_BYTES, fit, headers_of, masked, received
from kling_saas.lib.http import Answer
from kling_saas.lib.logs import AwayFilter, JsonFormatter, RedactingFilter, redact, redact_body


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://c.test/f?auth_key=17-0-0-9f&x=1 200", "GET https://c.test/f?*** 200"),
        ('{"url": "http://u:pw@h.test/a?b=c"}', '{"url": "http://u:***@h.test/a?***"}'),
        ("/x?X-Amz-Date=1&X-Amz-Signature=ab12&y=2", "/x?X-Amz-Date=1&X-Amz-Signature=***&y=2"),
        ("https://us.test/callbacks/Ab-9_z done", "https://us.test/callbacks/*** done"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("Invalid key: rk_live_51Habc9 (sk_test_4e)", "Invalid key: rk_live_*** (sk_test_***)"),
        ("signed with whsec_9fAB", "signed with whsec_***"),
        ("Is this ok? yes, see https://us.test/docs", "Is this ok? yes, see https://us.test/docs"),
    ],
)  # fmt: skip
def test_no_credential_is_shown(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "piece",
    ["http://", "eyJ", "eyJaaaaaa.-", "a" * 299 + " ", '"secret":', '"secret":"', "://a:",
     "bearer ", '"secret":"\\"', "ab "],
)  # fmt: skip
def test_no_body_takes_longer_than_its_length(piece: str) -> None:
    """Quadratic, any of these would take a day, in a thread of the process that serves."""
    body = (piece * (12 * 2**20 // len(piece))).encode()
    assert len(redact_body(body, 10_000, sent=True)) < 10_100
    redact(body[:1_000_000].decode())


def test_a_log_keeps_no_secret_of_a_body_whole_or_cut() -> None:
    codes = b'{"code": "ABCD-2345", "secret": "a\\"b", "prompt": "A fox"}'
    assert redact_body(codes, 1000, sent=True) == (
        '{"code": "***", "secret": "***", "prompt": "A fox"}'
    )
    assert '"code": "ABCD-2345"' in redact_body(codes, 1000)  # in answers it is an error's
    sent = b'{"url": "https://us.test/uploads/incoming/up_12.ab-c~d"}'
    assert redact_body(sent, 1000) == '{"url": "https://us.test/uploads/incoming/***"}'
    long = b'{"password": "' + b"x" * 50 + b'", "words": "' + b"w " * 500 + b'ksk_live_abcdefgh"}'
    for most in range(10, 300):
        assert "xx" not in redact_body(long, most)
        assert "abcdef" not in redact_body(long, most)


def logged() -> tuple[logging.Logger, io.StringIO]:
    """A log as the product's, and where it is written."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(AwayFilter())
    handler.addFilter(RedactingFilter())
    log = logging.getLogger(f"tests.redaction.{id(lines)}")
    log.addHandler(handler)
    log.propagate = False
    return log, lines


def test_a_database_that_is_away_is_one_line_and_no_traceback() -> None:
    log, lines = logged()
    for sent in ("SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 1 / 0"):
        try:
            with connection.cursor() as cursor:
                cursor.execute(sent)
        except Error:
            log.exception("An order was not taken")
        connection.close()
    away, wrong = (json.loads(line) for line in lines.getvalue().splitlines())
    assert away["event"].startswith("An order was not taken: terminating connection")
    assert "exception" not in away
    assert "division by zero" in wrong["exception"]


def test_a_traceback_is_written_without_the_secrets_in_it() -> None:
    log, lines = logged()
    try:
        raise OSError("GET https://h.test/f?X-Amz-Signature=ab12 by postgres://us:pw99@h.test/db")
    except OSError:
        log.exception("%s was not sent", "ksk_live_0123456789abcdef")
    line = json.loads(lines.getvalue())
    assert line["event"] == "ksk_live_*** was not sent"
    assert line["exception"].endswith("GET https://h.test/f?*** by postgres://us:***@h.test/db")


def test_what_the_database_refuses_is_not_in_what_is_kept() -> None:
    said = {"a\0b": ["\ud800x", "y\0"], "n": float("nan"), "i": float("-inf"), "ok": [1.5, None]}
    assert masked(said) == {
        "a\ufffdb": ["\ufffdx", "y\ufffd"], "n": "nan", "i": "-inf", "ok": [1.5, None]
    }  # fmt: skip


def test_an_answer_of_a_thousand_lists_is_cut() -> None:
    for depth in (900, 100_000):
        kept = received(Answer(200, {}, b"[" * depth + b"]" * depth))
        assert len(str(kept)) < 500


def test_pictures_and_keys_are_named_and_not_shown() -> None:
    picture = "iVBORw0KGgo" * 40
    told = masked({
        "image": picture, "image_tail": f"data:image/png;base64,{picture}", "api_key": "k-1",
        "nested": [{"Authorization": "Basic abc"}], "prompt": "A kite " * 80,
    })  # fmt: skip
    assert told["image"] == "(base64, 440 characters)"
    assert told["image_tail"] == "(base64, 462 characters)"
    assert (told["api_key"], told["nested"]) == ("***", [{"Authorization": "***"}])
    assert told["prompt"].endswith("… (560 characters)")
    assert picture[:20] not in str(told)


def test_what_belongs_to_the_customer_is_kept_whole() -> None:
    face = {"face_image": "https://c.test/face.png?sign=ab&x=1", "session_id": "Ab9_" * 60}
    assert fit({"faces": [face], "password": "mine"}) == {"faces": [face], "password": "mine"}
    assert fit({"a\0": ["\ud800", float("nan"), 1.5, None]}) == {
        "a\ufffd": ["\ufffd", "nan", 1.5, None]
    }
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert len(str(fit(deep))) < 100


def test_what_is_kept_of_one_side_has_an_end() -> None:
    kept = masked({f"key-{n}": {f"k-{m}": "A kite " * 20 for m in range(40)} for n in range(40)})
    assert set(kept) == {"cut", "begin"}
    assert len(str(kept)) < KEPT_BYTES
    film = httpx.Response(200, headers={"x-cost": "0.28", "set-cookie": "token=abc"}, content=b"")
    assert headers_of(film)["headers"]["x-cost"] == "0.28"
