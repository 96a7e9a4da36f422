"""Calls of the log as the pages tell them: their colours, names, bodies, and what came of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import webhook_deliveries
from accounts.actors import Actor
from accounts.models import ApiCall
from billing import naming
from generations import access
from generations.models import Generation, GenerationEvent, Status
from kling_saas.api.headers import REPLAYED
from kling_saas.lib.refusals import NotFound
from kling_saas.web.dev import order_form
from kling_saas.web.docs.examples import Request, curl
from kling_saas.web.docs.markdown import Block

_JOB = re.compile(r"\bgen_[0-9A-Za-z]{8,36}\b")
_STEPS: dict[str, tuple[Promise, str]] = {
    Status.ACCEPTED: (gettext_lazy("Accepted, credits reserved"), "coins"),
    Status.SUBMITTING: (gettext_lazy("Being handed to an upstream"), "send"),
    Status.IN_FLIGHT: (gettext_lazy("Taken by the upstream"), "loader-circle"),
    Status.FETCHING: (gettext_lazy("Finished there, being fetched"), "download"),
    Status.STORING: (gettext_lazy("Fetched, being checked and stored"), "shield-check"),
    Status.SUCCEEDED: (gettext_lazy("Delivered, credits charged"), "circle-check"),
    Status.FAILED: (gettext_lazy("Given up, every credit returned"), "circle-x"),
    Status.CANCELLED: (gettext_lazy("Cancelled, every credit returned"), "circle-slash"),
}
_DELIVERED = {"pending": "clock", "succeeded": "circle-check", "failed": "circle-x"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer's status says: a style, an icon and words."""

    style: str
    icon: str
    words: str


def outcome(status: int | None) -> Outcome:
    """Of an answer; None is a call that is held."""
    if status is None:
        return Outcome("processing", "loader-circle", _("held"))
    try:
        words = HTTPStatus(status).phrase
    except ValueError:
        words = ""
    if status < 400:
        return Outcome("succeeded", "circle-check", words)
    if status < 500:
        return Outcome("refused", "triangle-alert", words)
    return Outcome("failed", "circle-x", words)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list."""

    call: ApiCall
    outcome: Outcome
    key: str


def lines(actor: Actor, found: Iterable[ApiCall]) -> list[Line]:
    """Each with the name of its key."""
    rows = list(found)
    names = naming.Names(actor.organisation_id).of(row.credential for row in rows)
    return [
        Line(row, outcome(row.status), names[row.credential] if row.credential else "")
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened, as the timeline tells it."""

    at: datetime
    words: str
    icon: str
    style: str = ""

    def since(self, begin: datetime) -> str:
        """How long after it, e.g. `+0.41 s`."""
        return f"+{max(0.0, (self.at - begin).total_seconds()):.2f} s"


@dataclass(frozen=True, slots=True)
class Side:
    """A request or an answer: its headers by name, and its body as it is read best."""

    headers: Mapping[str, str]
    block: Block | None


@dataclass(frozen=True, slots=True)
class Told:
    """A whole call."""

    line: Line
    asked: Side
    answered: Side
    curl: Block
    job: Generation | None
    idempotency_key: str
    replayed: bool
    playground: str
    steps: list[tuple[Step, str]]


def whole(actor: Actor, row: ApiCall, *, key: str) -> Told:
    """Everything about it; `key` stands in its curl command."""
    (line,) = lines(actor, [row])
    job = _job(actor, row)
    steps = sorted(_steps(actor, row, line.outcome, job), key=lambda step: step.at)
    return Told(
        line=line,
        asked=Side(_sorted(row.request_headers), _block(row.request_body)),
        answered=Side(_sorted(row.response_headers), _block(row.response_body)),
        curl=Block("bash", "copy", curl(_again(row, key))),
        job=job,
        idempotency_key=row.request_headers.get("Idempotency-Key", ""),
        replayed=REPLAYED in row.response_headers,
        playground=_played(row),
        steps=[(step, step.since(row.at)) for step in steps],
    )


def _job(actor: Actor, row: ApiCall) -> Generation | None:
    """The first that its address or its answer names."""
    found = _JOB.search(f"{row.path} {row.query} {row.response_body}")
    if not found:
        return None
    try:
        return access.find(actor, found[0])
    except NotFound:
        return None


def _steps(actor: Actor, row: ApiCall, answered: Outcome, job: Generation | None) -> Iterator[Step]:
    known = row.credential or ""
    yield Step(row.at, _("Received and authenticated") if known else _("Received"), "log-in")
    if row.status is not None and row.ms is not None:
        told = _("Answered %(status)s") % {"status": f"{row.status} {answered.words}"}
        yield Step(row.at + timedelta(milliseconds=row.ms), told, answered.icon, answered.style)
    if job is None:
        return
    yield from map(_moved, access.events_after(job, -1))
    for one in webhook_deliveries.about(actor, job.public_id):
        told = _("%(event)s owed to your webhook: %(status)s")
        words = told % {"event": one.event.topic, "status": one.status}
        yield Step(one.delivered_at or one.created_at, words, _DELIVERED[one.status], one.status)


def _moved(event: GenerationEvent) -> Step:
    words, icon = _STEPS.get(event.status, (event.status, "info"))
    style = event.status if event.status in ("succeeded", "failed", "cancelled") else ""
    return Step(event.at, str(words), icon, style)


def _again(row: ApiCall, key: str) -> Request:
    query = f"?{row.query}" if row.query else ""
    by_name = "X-Api-Key" in row.request_headers
    return Request(
        method=row.method,
        url=f"{settings.SITE_URL}{row.path}{query}",
        key=key,
        body=_json(row.request_body),
        key_begins="x-api-key: " if by_name else "Authorization: Bearer ",
    )


def _played(row: ApiCall) -> str:
    """Where the same order stands in the playground; empty for any other call."""
    order = _json(row.request_body) if row.method == "POST" else None
    if row.path != reverse("api-generations") or not isinstance(order, dict):
        return ""
    return f"{reverse('dev-playground')}?{urlencode(dict(order_form.texts(order)))}"


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _block(text: str) -> Block | None:
    if not text:
        return None
    if (read := _json(text)) is None:
        return Block("text", "copy", text)
    return Block("json", "copy", json.dumps(read, indent=2, ensure_ascii=False))


def _sorted(headers: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(headers.items()))
