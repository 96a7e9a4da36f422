"""Endpoints as the pages tell them: how they fare, what they ask for, how to verify what comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import QueryDict
from django.template.loader import get_template
from django.utils.translation import gettext as _

from accounts import webhook_deliveries, webhooks
from accounts.event_types import EVENTS, TEST
from accounts.models import WebhookEndpoint
from accounts.webhook_deliveries import Health
from kling_saas.api.fields import InvalidFields
from kling_saas.lib.refusals import Refusal
from kling_saas.web.docs import markdown
from kling_saas.web.docs.markdown import Block


@dataclass(frozen=True, slots=True)
class Told:
    """An endpoint: a style, an icon and words for how it fares."""

    row: WebhookEndpoint
    health: Health
    style: str
    icon: str
    words: str


def told(row: WebhookEndpoint) -> Told:
    """How it fares by its newest deliveries."""
    health = webhook_deliveries.health(row)
    if row.disabled_at:
        return Told(row, health, "cancelled", "pause", _why(row.disabled_reason))
    if row.failing_since:
        return Told(row, health, "failed", "circle-x", _("failing"))
    if health.settled:
        return Told(row, health, "succeeded", "circle-check", _("working"))
    return Told(row, health, "queued", "clock", _("nothing sent yet"))


def _why(reason: str) -> str:
    return {
        webhooks.BY_CUSTOMER: _("paused"),
        webhooks.GONE: _("ended: it answered 410"),
        webhooks.FAILING: _("ended: it failed for days"),
    }.get(reason, _("paused"))


@dataclass(frozen=True, slots=True)
class Kind:
    """Events of a kind: the pattern for all of them, and each with what it tells."""

    pattern: str
    events: list[tuple[str, str]]


def kinds() -> list[Kind]:
    """All that an endpoint can ask for."""
    found: dict[str, Kind] = {}
    for word, means in EVENTS.items():
        if word != TEST:
            name = word.partition(".")[0]
            found.setdefault(name, Kind(f"{name}.*", [])).events.append((word, means))
    return list(found.values())


def given(form: QueryDict) -> Mapping[str, Any]:
    """What was typed, or what a form begins with."""
    return {
        "url": form.get("url", ""),
        "description": form.get("description", ""),
        "events": form.getlist("events") or ["generation.*"],
    }


def stands(row: WebhookEndpoint) -> Mapping[str, Any]:
    """What a form that changes it begins with."""
    return {"url": row.url, "description": row.description, "events": row.events}


def problems(refusal: Refusal) -> dict[str, Any]:
    """Its sentences, and those of each field by name."""
    if not isinstance(refusal, InvalidFields):
        return {"problems": [refusal.detail], "wrong": {}}
    told = refusal.facts["violations"]
    return {
        "problems": [each["message"] for each in told],
        "wrong": {each["field"].partition("[")[0]: each["message"] for each in told},
    }


@lru_cache(maxsize=1)
def programs() -> dict[str, Any]:
    """Those that verify a signature: the documentation's own, and one for a shell."""
    page = get_template("docs/pages/webhooks.md").template  # type: ignore[attr-defined]
    shell = get_template("dev/parts/verify.sh").template  # type: ignore[attr-defined]
    return {
        "servers": markdown.programs(page.source, "webhook"),
        "shell": Block("bash", "copy", shell.source),
    }
