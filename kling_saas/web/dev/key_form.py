"""The terms of an API key as the page's form has them: read by the API's own rules, and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import credentials, tenancy
from accounts.actors import Actor
from accounts.credentials import Kind, Row
from accounts.scopes import USUAL
from billing import caps, key_terms
from billing.models import CapPeriod
from kling_saas.lib.refusals import Refusal

_WHOLE = ("requests_per_minute", *CapPeriod.values)


def make(actor: Actor, name: str, form: QueryDict) -> str:
    """A new key on the form's terms; its text, shown once.

    Raises InvalidFields, and Forbidden for caps that the actor may not set; then no key is made.
    """
    terms, capped = key_terms.read("key", {"name": name, **_body(form)}, new=True)
    with tenancy.scope(actor.organisation_id), transaction.atomic():
        return key_terms.make(actor, "key", terms, capped)[1]


def change(
    actor: Actor, kind: Kind, row: Row, standings: Sequence[caps.Standing], form: QueryDict
) -> None:
    """The credential on the form's terms; what the form leaves as it stands is not touched.

    Raises InvalidFields, and Forbidden for what the actor may not give; then nothing is changed.
    """
    stood = stands(row, standings)
    body = {"name": form.get("name", ""), **_body(form)}
    body["requests_per_minute"] = body.get("requests_per_minute")
    if form.get("expires_on", "") == stood["expires_on"]:
        body.pop("expires_at", None)
    else:
        body["expires_at"] = body.get("expires_at")
    body["caps"] = {
        period: body["caps"].get(period)
        for period in CapPeriod.values
        if form.get(period, "").strip() != stood[period]
    }
    if kind == "pair":
        body.pop("raw_video")
    terms, capped = key_terms.read(kind, body, new=False)
    with tenancy.scope(actor.organisation_id), transaction.atomic():
        key_terms.change(actor, kind, credentials.id_of(row), terms, capped)


def stands(row: Row, standings: Sequence[caps.Standing]) -> dict[str, Any]:
    """What a form that changes it begins with."""
    capped = {one.cap.period: str(one.cap.credits) for one in standings}
    return {
        "name": row.name,
        "scopes": row.scopes,
        "models": row.allowed_models,
        "networks": ", ".join(row.allowed_networks),
        "requests_per_minute": str(row.requests_per_minute or ""),
        "expires_on": f"{row.expires_at:%Y-%m-%d}" if row.expires_at else "",
        "raw_video": getattr(row, "raw_video", False),
        **{period: capped.get(period, "") for period in CapPeriod.values},
    }


def told(refusal: Refusal) -> list[str]:
    """Its sentences."""
    violations = refusal.facts.get("violations")
    return [each["message"] for each in violations] if violations else [refusal.detail]


def given(actor: Actor, form: QueryDict) -> Mapping[str, Any]:
    """What stands in the form: what was sent, or what a key has that says nothing else. A test key
    has all that the actor has: every example of the documentation runs with it.
    """
    usual = USUAL if actor.livemode else actor.scopes
    chosen = form.getlist("scopes") if "terms" in form else list(usual)
    texts = {name: form.get(name, "") for name in ("name", "networks", "expires_on", *_WHOLE)}
    raw = form.get("raw_video") == "on"
    return {**texts, "scopes": chosen, "models": form.getlist("models"), "raw_video": raw}


def _body(form: QueryDict) -> dict[str, Any]:
    """The form as the API's body: fields left empty are not in it."""
    capped = {
        period: _number(text) for period in CapPeriod.values if (text := form.get(period, ""))
    }
    body: dict[str, Any] = {
        "raw_video": form.get("raw_video") == "on",
        "models": form.getlist("models"),
        "networks": form.get("networks", "").replace(",", " ").split(),
        "caps": capped,
    }
    if "terms" in form:
        body["scopes"] = form.getlist("scopes")
    if form.get("requests_per_minute"):
        body["requests_per_minute"] = _number(form.get("requests_per_minute", ""))
    if form.get("expires_on"):
        body["expires_at"] = f"{form['expires_on']}T00:00:00Z"
    return body


def _number(text: str) -> int | str:
    """A number where it is one; what is not is refused as it stands."""
    found = text.strip().replace(",", "")
    return int(found) if found.isdecimal() and len(found) < 19 else text


def in_words(key: Row, capped: Sequence[caps.Standing]) -> list[str]:
    """Its terms and caps, each in a few words; of a key that has ended, none."""
    if key.revoked_at:
        return []
    words = [", ".join(sorted(key.scopes))]
    if key.allowed_models:
        words.append(_("only %(models)s") % {"models": ", ".join(key.allowed_models)})
    if key.allowed_networks:
        words.append(_("only from %(networks)s") % {"networks": ", ".join(key.allowed_networks)})
    if rate := key.requests_per_minute:
        told = ngettext("%(rate)s request a minute", "%(rate)s requests a minute", rate)
        words.append(told % {"rate": f"{rate:,}"})
    for one in capped:
        period = one.cap.get_period_display().lower()
        facts = {"credits": f"{one.allowed:,}", "period": period}
        words.append(_("at most %(credits)s credits %(period)s") % facts)
    if key.expires_at:
        words.append(_("until %(day)s") % {"day": date_format(key.expires_at, "M j, Y")})
    return words
