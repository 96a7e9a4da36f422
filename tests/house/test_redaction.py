"""What logs and the operators' trail may show: no credential, and nothing the database refuses."""

from __future__ import annotations

import httpx
import pytest

from generations.providers.base import masked, received
from kling_saas.lib.logs import redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://c.test/f?auth_key=17-0-0-9f&x=1 200", "GET https://c.test/f?*** 200"),
        ('{"url": "http://u:pw@h.test/a?b=c"}', '{"url": "http://u:***@h.test/a?***"}'),
        ("/x?X-Amz-Date=1&X-Amz-Signature=ab12&y=2", "/x?X-Amz-Date=1&X-Amz-Signature=***&y=2"),
        ("https://us.test/callbacks/Ab-9_z done", "https://us.test/callbacks/*** done"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("Is this ok? yes, see https://us.test/docs", "Is this ok? yes, see https://us.test/docs"),
    ],
)  # fmt: skip
def test_no_credential_is_shown(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_what_the_database_refuses_is_not_in_what_is_kept() -> None:
    said = {"a\0b": ["\ud800x", "y\0"], "n": float("nan"), "i": float("-inf"), "ok": [1.5, None]}
    assert masked(said) == {
        "a\ufffdb": ["\ufffdx", "y\ufffd"], "n": "nan", "i": "-inf", "ok": [1.5, None]
    }  # fmt: skip


def test_an_answer_of_a_thousand_lists_is_cut() -> None:
    for depth in (900, 100_000):
        kept = received(httpx.Response(200, content=b"[" * depth + b"]" * depth))
        assert len(str(kept)) < 500
