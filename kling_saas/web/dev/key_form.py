"""The terms of an API key as the page's form has them: read by the API's own rules, and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import ApiKey
from accounts.scopes import USUAL
from billing import caps, key_terms
from billing.models import CapPeriod

_WHOLE = ("requests_per_minute", *CapPeriod.values)


def make(actor: Actor, name: str, form: QueryDict) -> str:
    """A new key on the form's terms; its text, shown once.

    Raises InvalidFields, and Forbidden for caps that the actor may not set; then no key is made.
    """
    terms, capped = key_terms.read("key", {"name": name, **_body(form)}, new=True)
    with tenancy.scope(actor.organisation_id), transaction.atomic():
        return key_terms.make(actor, "key", terms, capped)[1]


def given(actor: Actor, form: QueryDict) -> Mapping[str, Any]:
    """What stands in the form: what was sent, or what a key has that says nothing else. A test key
    has all that the actor has: every example of the documentation runs with it.
    """
    usual = USUAL if actor.livemode else actor.scopes
    chosen = form.getlist("scopes") if "terms" in form else list(usual)
    texts = {name: form.get(name, "") for name in ("networks", "expires_on", *_WHOLE)}
    return {**texts, "scopes": chosen, "models": form.getlist("models")}


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


def in_words(key: ApiKey, capped: Sequence[caps.Standing]) -> list[str]:
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
