"""What an agent is told: as much as it needs to go on, and no more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kling_saas_client.generations import Generation
from kling_saas_client.objects.catalogue import Model
from kling_saas_client.objects.prices import Price

_NEXT = {
    "queued": "wait_for_film tells when it is there; cancel_film stops it while it is queued.",
    "processing": "wait_for_film tells when it is there.",
    "succeeded": "The link ends at link_ends_at; film gives a fresh one, download_film saves it.",
    "failed": "Every credit came back. What failed for its words fails again with them; to try "
    "again, call make_film with another reference, or none.",
}


def film(made: Generation[Any]) -> dict[str, Any]:
    """How it stands, with its link once it is there."""
    found = made.video or made.audio
    told: dict[str, Any] = {
        **line(made),
        "position": made.position,
        "eta": made.eta and made.eta.raw,
        "link": found and found.url,
        "link_ends_at": found and _moment(found.expires_at),
        "seconds": found and found.duration,
        "size": f"{made.video.width}x{made.video.height}" if made.video else None,
        "error": made.error and {"code": made.error.code, "message": made.error.message},
        "warnings": made.warnings,
        "next": _NEXT.get(made.status),
    }
    return {name: value for name, value in told.items() if value not in (None, [])}


def line(made: Generation[Any]) -> dict[str, Any]:
    """The same in a list."""
    told = {
        "id": made.id,
        "status": made.status,
        "model": made.model,
        "prompt": made.input.get("prompt"),
        "reference": made.reference,
        "credits": made.credits.raw,
        "ordered_at": _moment(made.created_at),
    }
    return {name: value for name, value in told.items() if value is not None}


def model(found: Model) -> dict[str, Any]:
    """What it can, and what it costs."""
    return {
        "name": found.name,
        "title": found.title,
        "description": found.description,
        "kinds": found.kinds,
        "modes": [mode["name"] for mode in found.modes],
        "durations": found.durations,
        "aspect_ratios": found.aspect_ratios,
        "eta_seconds": found.eta_seconds,
        "prices": [_price(each) for each in found.prices],
        **({"only_on_plans": found.plans} if found.plans else {}),
        **({"discontinued": True} if found.discontinued else {}),
    }


def _price(row: Price) -> str:
    return f"{row.description}: {row.credits} credits a {row.unit}"


def _moment(value: datetime | None) -> str | None:
    return value.isoformat(timespec="seconds") if value else None
