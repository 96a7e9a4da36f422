"""Is this place fit to take money and make films? Each finding says what to do about it."""

from __future__ import annotations

import io
import smtplib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx
from django.conf import settings
from django.core import checks, mail
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.utils import timezone

from billing import prices
from billing.models import EventState, PaymentEvent
from billing.payments import gateway
from generations import heartbeat, providers, routing, storage
from generations.catalogue.registry import SPECS
from generations.models import ProviderAccount
from generations.wire.task import Reason, Rejected
from kling_saas import env
from kling_saas.lib import http
from kling_saas.lib.refusals import Refusal

_AWAY: tuple[type[Exception], ...] = (DatabaseError, *storage.TROUBLE)
_CLOCK_SKEW = 5.0  # seconds; Kling's own tolerance
_NOBODY = "doctor-asks-for-a-task-that-is-not-there"


@dataclass(frozen=True, slots=True)
class Finding:
    """`good` or not, about what, and in a sentence what was seen and what to do."""

    good: bool
    subject: str
    sentence: str


def examine() -> Iterator[Finding]:
    """Every examination in turn; none changes anything that stays."""
    before = ""
    for look in (
        _settings,
        _database,
        _clock,
        _prices,
        _storage,
        _mail,
        _workers,
        _payments,
        _providers,
    ):
        try:
            yield from look()
        except _AWAY as error:
            why = str(error).partition("\n")[0]
            says = "for the same reason" if why == before else f"because {why}"
            before = why
            yield Finding(False, look.__name__.strip("_"), f"could not be examined, {says}")


def _settings() -> Iterator[Finding]:
    found = [m for m in checks.run_checks(databases=["default"]) if m.level >= checks.WARNING]
    for message in found:
        yield Finding(False, "settings", f"{message.id}: {message.msg} {message.hint or ''}")
    if not found:
        yield Finding(True, "settings", "no system check objects")
    if settings.DEMO:
        for words in env.strangers(env.ROOT / ".env"):  # no check says so there: `make run` did
            yield Finding(False, "settings", words)
        yield Finding(True, "settings", "DEMO=1: live keys may reach the sandbox")
    elif not settings.SECURE:
        yield Finding(False, "settings", "SITE_URL is not https: keys would travel in clear")


def _database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_setting('synchronous_commit'), "
            "(SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)"
        )
        version, commit, powerful = cursor.fetchone()
    yield Finding(True, "database", f"PostgreSQL {version}")
    yield Finding(
        not powerful,
        "database",
        "we are a role that bypasses row security: use one made by kling_saas/run/roles.sql"
        if powerful
        else "our role is bound by row security",
    )
    yield Finding(commit == "on", "database", f"synchronous_commit is {commit}")


def _clock() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (there,) = cursor.fetchone()
    skew = abs((timezone.now() - there).total_seconds())
    yield Finding(skew < _CLOCK_SKEW, "clock", f"{skew:.1f} s apart from the database's")


def _prices() -> Iterator[Finding]:
    rows = len(prices.active_book().rows)
    yield Finding(rows > 0, "prices", f"{rows} prices in force; `manage.py publish_prices` if 0")


def _storage() -> Iterator[Finding]:
    key, content = "doctor/probe.txt", b"kling saas"
    storage.put(key, io.BytesIO(content))
    with storage.open_file(key) as file:
        same = file.read() == content
    default_storage.delete(key)
    where = settings.S3_BUCKET or settings.MEDIA_ROOT
    yield Finding(same, "storage", f"written, read and deleted in {where}")


def _mail() -> Iterator[Finding]:
    if not settings.EMAIL_URL:
        yield Finding(settings.DEMO, "mail", "printed to the console: set EMAIL_URL to send it")
        return
    try:
        with mail.get_connection():
            yield Finding(True, "mail", f"{settings.EMAIL_HOST} takes our mail")
    except (OSError, smtplib.SMTPException) as error:
        yield Finding(False, "mail", f"{settings.EMAIL_HOST}: {error}")


def _workers() -> Iterator[Finding]:
    alive = heartbeat.somebody_works()
    yield Finding(alive, "workers", "alive" if alive else "none in 30 s: start `manage.py work`")


def _payments() -> Iterator[Finding]:
    """Ask for one event: what comes in depends on that we may."""
    simulated = " (simulated: no card is charged)" if not settings.PAYMENTS_LIVE else ""
    if not settings.PAYMENTS_KEY:
        yield Finding(False, "payments", "customers cannot buy: set STRIPE_SECRET_KEY")
        return
    began = time.monotonic()
    try:
        gateway.ask(lambda v1: v1.events.list({"limit": 1}))
    except Refusal as refusal:
        yield Finding(False, "payments", f"{settings.PAYMENTS_VENDOR}: {refusal.detail}")
        return
    took = f"answered in {(time.monotonic() - began) * 1000:.0f} ms"
    yield Finding(True, "payments", f"{settings.PAYMENTS_VENDOR} takes our key, {took}{simulated}")
    failed = PaymentEvent.objects.filter(state=EventState.FAILED).count()
    if failed:
        says = f"{failed} events are not handled: see /admin/, `manage.py settle_payments --failed`"
        yield Finding(False, "payments", says)


def _providers() -> Iterator[Finding]:
    accounts = list(ProviderAccount.objects.filter(enabled=True))
    live = [a for a in accounts if a.serves_live and (settings.DEMO or not a.is_sandbox)]
    yield Finding(bool(live), "providers", f"{len(live)} accounts can make live films")
    routing.forget()
    if unmade := [spec.name for spec in SPECS if not routing.makes(spec, livemode=True)]:
        names = ", ".join(unmade)
        yield Finding(False, "models", f"no account in service can make {names}: see /admin/")
    for account in accounts:
        yield _account(account)


def _account(account: ProviderAccount) -> Finding:
    """Ask for a task that does not exist: a good credential is told so, a bad one is refused."""
    subject = f"provider {account.name}"
    adapter = providers.adapter(account)
    began = time.monotonic()
    answer = adapter.get("text2video", _NOBODY)
    took = f"answered in {(time.monotonic() - began) * 1000:.0f} ms"
    if isinstance(answer, Rejected) and answer.reason in {Reason.AUTH, Reason.BALANCE}:
        return Finding(False, subject, f"refuses us: {answer.code} {answer.message}")
    if isinstance(answer, Rejected) and answer.reason == Reason.UNAVAILABLE:
        return Finding(False, subject, f"does not answer: {answer.code} {answer.message}")
    apart = _clocks_apart(account.base_url)
    if apart is None:
        return Finding(True, subject, f"takes our credential, {took}")
    if apart > _CLOCK_SKEW:
        says = f"clocks {apart:.0f} s apart, so tokens may be refused: set ours by NTP"
        return Finding(False, subject, says)
    return Finding(True, subject, f"takes our credential, {took}, clocks {apart:.0f} s apart")


def _clocks_apart(address: str) -> float | None:
    """Seconds between our clock and that of who answers there; None when it tells no time."""
    try:
        with http.api_client(10) as client:
            told = parsedate_to_datetime(client.head(address).headers.get("Date", ""))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None
    there = told if told.tzinfo else told.replace(tzinfo=UTC)  # RFC 5322's -0000
    return abs((timezone.now() - there).total_seconds())
