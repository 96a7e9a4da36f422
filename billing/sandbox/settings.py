"""What the sandbox is told by its command line and environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kling_saas.lib.sandboxes import BadSetting, number


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`secret_key` limits who may ask, empty takes any `sk_test_…`; `webhook_url` and
    `webhook_secret` make an endpoint that needs no call; `retry_seconds` is the pause before the
    second delivery of an event, each further one is twice as long.
    """

    data: Path
    public_url: str
    secret_key: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""
    retry_seconds: float = 5.0


def read(environ: Mapping[str, str], *, data: Path, host: str, port: int) -> Settings:
    """The settings of this process. Raises BadSetting."""
    key = environ.get("PAYMENTS_SECRET_KEY", "")
    if key and not key.startswith("sk_test_"):
        raise BadSetting("PAYMENTS_SECRET_KEY must begin with sk_test_: the sandbox takes no other")
    url, secret = (environ.get(f"PAYMENTS_WEBHOOK_{name}", "") for name in ("URL", "SECRET"))
    if url and not secret:
        raise BadSetting("PAYMENTS_WEBHOOK_SECRET must be set with PAYMENTS_WEBHOOK_URL")
    return Settings(
        data=data,
        public_url=environ.get("PAYMENTS_PUBLIC_URL", f"http://{host}:{port}").rstrip("/"),
        secret_key=key,
        webhook_url=url,
        webhook_secret=secret,
        retry_seconds=number(environ, "PAYMENTS_RETRY_SECONDS", 5.0, above=0),
    )
