"""What the sandbox is told by its command line and environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from generations.sandbox import weather
from generations.wire.kling.account import LAG_HOURS
from kling_saas.lib.sandboxes import BadSetting, number

Profile = Literal["full", "small", "tiny"]
PROFILES: tuple[Profile, ...] = get_args(Profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`speed` divides every delay; `late` is by how much `fail:late` exceeds the usual delay.

    `keys` limits the static keys taken, empty takes any well-formed one; `parallel` is the number
    of unfinished tasks an account may have on Kling, 0 for any; `image_hosts` may be fetched from;
    `weather` has the chances of faults that strike any call, `stall` the seconds of such an answer;
    `costs_lag` is by how many seconds Kling's account page is behind, divided by `speed` as well;
    `duplicates`: a create with an external id that was used makes another task, instead of being
    refused: what Kling does then is documented nowhere.
    """

    data: Path
    public_url: str
    speed: float = 1.0
    film: Profile = "full"
    late: float = 12.0
    keys: frozenset[str] = frozenset()
    access_key: str = "sandbox-access-key"
    secret_key: str = "sandbox-secret-key-of-at-least-32-bytes"  # noqa: S105 - public on purpose
    parallel: int = 0
    renderers: int = 1
    link_seconds: int = 24 * 3600
    keep_days: float = 30.0
    image_hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost"})
    weather: Mapping[str, float] = field(default_factory=dict)
    stall: float = 40.0
    costs_lag: float = LAG_HOURS * 3600.0
    duplicates: bool = False


def read(environ: Mapping[str, str], *, data: Path, host: str, port: int) -> Settings:
    """The settings of this process. Raises BadSetting."""
    film = environ.get("SANDBOX_FILM", "full")
    if film not in PROFILES:
        raise BadSetting(f"SANDBOX_FILM must be one of {', '.join(PROFILES)}, not {film!r}")
    usual = Settings(data=data, public_url="")
    return Settings(
        data=data,
        public_url=environ.get("SANDBOX_PUBLIC_URL", f"http://{host}:{port}").rstrip("/"),
        speed=number(environ, "SANDBOX_SPEED", usual.speed, above=0),
        film=film,
        late=number(environ, "SANDBOX_LATE", usual.late, above=1),
        keys=_words(environ, "SANDBOX_KEYS", usual.keys),
        access_key=environ.get("SANDBOX_ACCESS_KEY", usual.access_key),
        secret_key=environ.get("SANDBOX_SECRET_KEY", usual.secret_key),
        parallel=round(number(environ, "SANDBOX_PARALLEL", usual.parallel, above=-1)),
        renderers=round(number(environ, "SANDBOX_RENDERERS", usual.renderers, above=0)),
        link_seconds=round(number(environ, "SANDBOX_LINK_SECONDS", usual.link_seconds, above=0)),
        keep_days=number(environ, "SANDBOX_KEEP_DAYS", usual.keep_days, above=0),
        image_hosts=_words(environ, "SANDBOX_IMAGE_HOSTS", usual.image_hosts),
        stall=number(environ, "SANDBOX_STALL", usual.stall, above=0),
        costs_lag=number(environ, "SANDBOX_COSTS_LAG", usual.costs_lag, above=-1),
        weather=_weather(environ.get("SANDBOX_WEATHER", "")),
        duplicates=environ.get("SANDBOX_DUPLICATES", "") == "1",
    )


def _weather(text: str) -> Mapping[str, float]:
    try:
        return weather.read(text)
    except weather.Unclear as trouble:
        raise BadSetting(str(trouble)) from None


def _words(environ: Mapping[str, str], name: str, usual: frozenset[str]) -> frozenset[str]:
    text = environ.get(name)
    return usual if text is None else frozenset(w for w in text.replace(",", " ").split() if w)
