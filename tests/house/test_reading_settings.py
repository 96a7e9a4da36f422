"""Settings that cannot be used are named in one line; those that can are read exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_saas import env
from kling_saas.env import ConfigError

DIALECTS = ("kling", "segmind")


@pytest.fixture(autouse=True)
def undeclared(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is declared here is not a variable of the product."""
    monkeypatch.setattr(env, "declared", {})


@pytest.mark.parametrize("given", ["foo", "host=", "=kling", "host=openai", "host=kling,foo"])
def test_a_host_without_a_dialect_is_named(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SOME_HOSTS", given)
    with pytest.raises(ConfigError, match=r"^SOME_HOSTS: '.*' must look like word=kling\|segmind$"):
        env.pairs("SOME_HOSTS", DIALECTS)


def test_hosts_are_read_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_HOSTS", "A.example = kling, b.example=segmind")
    assert env.pairs("SOME_HOSTS", DIALECTS) == {"a.example": "kling", "b.example": "segmind"}


@pytest.mark.parametrize("given", ["abc", "", "0", "0.000", "-1", "nan", "1e3", "1,5", " 1"])
def test_a_price_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SOME_PRICE", given)
    with pytest.raises(ConfigError, match=r"^SOME_PRICE='.*' must be a number above 0"):
        env.decimal("SOME_PRICE", "0.028")


def test_a_price_is_read_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PRICE", "0.0280")
    assert env.decimal("SOME_PRICE", "1") == "0.0280"


@pytest.mark.parametrize(
    "address", ["smtp://host:abc", "smtp://host:99999", "smtp://[::1", "http://host", "smtp://"]
)
def test_a_mail_address_that_cannot_be_read_is_named(address: str) -> None:
    with pytest.raises(ConfigError, match=r"^EMAIL_URL must look like smtp"):
        env.mail(address)


def test_a_mail_address_is_read_whole() -> None:
    assert env.mail("smtp+tls://a%40b:c%2Fd@host") == ("host", 587, "a@b", "c/d", True)


def test_a_name_that_nothing_reads_is_named_with_the_nearest_that_is(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(
        "SANDBOX_SPED=9\nexport WORKERS_SHORT=3\nSECRET_KEY_FILE=/run/key\nQQQ=1\nVAR=x"
    )
    assert env.strangers(path) == [
        ".env: SANDBOX_SPED is not a setting and was ignored; did you mean SANDBOX_SPEED?",
        ".env: QQQ is not a setting and was ignored; see .env.example for the names there are.",
    ]


def test_no_file_has_no_strangers(tmp_path: Path) -> None:
    assert env.strangers(tmp_path / ".env") == []
