"""A customer's program: knows the site and a key, and talks HTTP like anybody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import requests
from django.db.models.functions import Now
from django.utils import timezone

from accounts import tenancy
from billing import wallets
from generations.models import Generation, Video
from tests.people import Customer, customer
from tests.waiting import until

FILM = {"model": "kling-v1", "prompt": "A paper boat on a rainy street"}
_PATIENCE = 60.0


class Program:
    """Calls below `root` with the headers that prove who it is."""

    def __init__(self, root: str, **headers: str) -> None:
        self.root = root
        self.http = requests.Session()
        self.http.headers.update(headers)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.http.get(self.root + path, timeout=60, allow_redirects=False, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> requests.Response:
        return self.http.post(self.root + path, json=json, timeout=60, **more)


def native(site: str, key: str) -> Program:
    """A program on the native API."""
    return Program(f"{site}/api/v1", Authorization=f"Bearer {key}")


def funded(name: str = "alice") -> Customer:
    """A customer with the starting credits: 10,000 in test mode, 60 live."""
    made = customer(name)
    wallets.ensure(made.organisation)
    return made


def available(of: Customer, *, livemode: bool = False) -> int:
    """Credits free to spend."""
    return wallets.balance(of.organisation.pk, livemode).available


def settled(program: Program, public_id: str) -> dict[str, Any]:
    """The generation when it has ended."""

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = program.get(f"/generations/{public_id}").json()
        return found if found["status"] in ("succeeded", "failed", "cancelled") else None

    return until(ended, seconds=_PATIENCE, what=f"the end of {public_id}")


def overdue(public_id: str) -> None:
    """An upstream takes it, and then its deadline is over."""

    def taken() -> int:
        with tenancy.system("a test turns the clock"):
            rows = Generation.objects.filter(public_id=public_id, submitted_at__isnull=False)
            return rows.update(deadline_at=Now(), next_run_at=Now())

    until(taken, seconds=_PATIENCE, what=f"that an upstream takes {public_id}")


def film_of(public_id: str) -> Video:
    """What was stored of it."""
    with tenancy.system("a test looks"):
        found: Video = Video.objects.select_related("generation").get(
            generation__public_id=public_id
        )
    return found


def made_days_ago(days: float, public_id: str, *, kept: int = 30) -> Video:
    """The clock is turned for a film that is kept for so many days."""
    film = film_of(public_id)
    film.created_at = timezone.now() - timedelta(days=days)
    film.kept_until = film.created_at + timedelta(days=kept)
    with tenancy.scope(film.organisation_id):
        film.save(update_fields=["created_at", "kept_until"])
    return film
