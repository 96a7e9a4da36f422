"""Reads a native order: the film's own words, and the members that are about the order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings

from accounts import webhooks
from accounts.actors import Actor
from billing.caps import END_USER_MAX
from generations import submission, waiting
from generations.api.bodies import within
from generations.catalogue import documentation
from generations.catalogue.reading import Reader
from generations.catalogue.violations import Findings
from generations.errors import InvalidRequest
from generations.submission import Prepared, Submission
from kling_saas.lib.refusals import Refusal

DOOR = "native"
REFERENCE_MAX, URL_MAX, QUOTE_ID_MAX = 255, 2000, 60
METADATA_KEYS, METADATA_KEY_MAX, METADATA_VALUE_MAX = 16, 40, 500
COST_MAX = 10**9
RETENTION_MAX = 36_500  # days, as a plan's
MEMBERS = (
    "quote_id",
    "max_cost",
    "reference",
    "metadata",
    "end_user",
    "retention",
    "deadline",
    "webhook_url",
    "dry_run",
)


def is_dry(body: Mapping[str, Any]) -> bool:
    """Whether only checking and pricing is asked for."""
    return body.get("dry_run") is True


def order(actor: Actor, body: Mapping[str, Any], idempotency_key: str | None) -> Submission:
    """The order a body describes. Raises InvalidRequest with its violations and the film's."""
    findings = Findings(lenient=False)
    reader = Reader(findings, body)
    reader.flag("dry_run")
    read = Submission(
        fields={name: value for name, value in body.items() if name not in MEMBERS},
        door=DOOR,
        callback_url=_webhook_url(reader),
        quote_id=_quote_id(reader),
        max_cost=within(reader, "max_cost", 1, COST_MAX),
        deadline=within(reader, "deadline", 1, settings.DEADLINE_SECONDS),
        reference=reader.text("reference", REFERENCE_MAX) or "",
        metadata=_metadata(reader),
        end_user=_end_user(actor, reader),
        retention_days=_retention(reader),
        idempotency_key=idempotency_key,
    )
    if findings.violations:
        _refuse(actor, read, findings)
    return read


def warnings(actor: Actor, prepared: Prepared) -> list[str]:
    """What to know before ordering it now."""
    return [
        *prepared.warnings,
        *documentation.retiring(prepared.params.model),
        *waiting.warnings(prepared.params, livemode=actor.livemode),
    ]


def _refuse(actor: Actor, read: Submission, findings: Findings) -> None:
    """Everything that is wrong at once, the film's violations included."""
    found = [
        {name: value for name, value in asdict(v).items() if name in ("field", "code", "message")}
        for v in findings.violations
    ]
    try:
        submission.prepare(actor, read)
    except Refusal as refusal:  # another than of the order's fields is told when they are right
        found += refusal.facts.get("violations", [])
    raise InvalidRequest.all(found)


def _quote_id(reader: Reader) -> str | None:
    text = reader.text("quote_id", QUOTE_ID_MAX)
    if text is None or text.replace("_", "").isalnum():
        return text
    reader.wrong_type("quote_id", "the id of a quote (quo_…)")
    return None


def _end_user(actor: Actor, reader: Reader) -> str:
    name = reader.text("end_user", END_USER_MAX) or ""
    if not name and reader.given("end_user") and not reader.findings.refused("end_user"):
        reader.wrong_type("end_user", f"1 to {END_USER_MAX} characters, or left out")
    if actor.end_user and name not in ("", actor.end_user):
        whose = f"{actor.end_user!r}, whose token this is"
        reader.wrong_type("end_user", whose)
    if not name.isprintable():
        reader.wrong_type("end_user", "printable characters")
        return ""
    return name


def _retention(reader: Reader) -> int | None:
    value = reader.fields.get("retention")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        reader.wrong_type("retention", 'an object such as {"days": 7}')
        return None
    inner = Reader(reader.findings, value, "retention.")
    inner.only(("days",))
    if not inner.given("days"):
        reader.findings.refuse(
            "retention.days", "required", "is missing", limit="required", way_out="send it"
        )
    return within(inner, "days", 1, RETENTION_MAX)


def _webhook_url(reader: Reader) -> str:
    url = reader.text("webhook_url", URL_MAX)
    if not url:
        return ""
    if webhooks.is_address(url):
        return url
    reader.wrong_type("webhook_url", "a public https:// address")
    return ""


def _metadata(reader: Reader) -> dict[str, str]:
    value = reader.fields.get("metadata")
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        reader.wrong_type("metadata", "an object of strings")
        return {}
    if len(value) > METADATA_KEYS:
        reader.too_many("metadata", len(value), METADATA_KEYS)
        return {}
    inner = Reader(reader.findings, value, "metadata.")
    if any(not 1 <= len(key) <= METADATA_KEY_MAX or not key.isprintable() for key in value):
        reader.wrong_type("metadata", f"an object with keys of 1 to {METADATA_KEY_MAX} characters")
        return {}
    return {key: inner.text(key, METADATA_VALUE_MAX) or "" for key in value}
