"""The refusals of this app, each with the code that the documentation lists."""

from __future__ import annotations

from typing import Any

from generations.catalogue.violations import InvalidRequest as CatalogueRefusal
from kling_saas.lib.refusals import Conflict, Refusal


class InvalidRequest(Refusal):
    """The order breaks one or more limits; every violation is told at once."""

    code, status, title = "invalid_request", 422, "Invalid request"

    @classmethod
    def of(cls, refusal: CatalogueRefusal) -> InvalidRequest:
        """The catalogue's refusal as an answer."""
        found = [
            {"field": v.field, "code": v.code, "message": v.message} for v in refusal.violations
        ]
        return cls.all(found)

    @classmethod
    def all(cls, found: list[dict[str, Any]]) -> InvalidRequest:
        """Several violations at once, each with `field`, `code` and `message`."""
        return cls(" ".join(v["message"] for v in found), violations=found)

    @classmethod
    def one(cls, field: str, code: str, message: str) -> InvalidRequest:
        """A single violation found outside the catalogue."""
        return cls.all([{"field": field, "code": code, "message": message}])

    @property
    def violations(self) -> list[dict[str, Any]]:
        """`field`, `code` and `message` of each."""
        found: list[dict[str, Any]] = self.facts["violations"]
        return found


class CapExceeded(Refusal):
    """The price is above the `max_cost` the client allowed."""

    code, status, title = "cap_exceeded", 403, "Cap exceeded"


class QueueFull(Refusal):
    """Too many unfinished generations in this organisation."""

    code, status, title, retryable = "queue_full", 429, "Queue full", True


class NoProvider(Refusal):
    """No service can make this film at the moment; nothing was held."""

    code, status, title, retryable = "no_provider", 503, "No provider", True


class ExternalIdReused(Refusal):
    """The client's own task id came again with another body."""

    code, status, title = "external_id_reused", 409, "Task id reused"


class QuoteUsed(Conflict):
    """A quote buys one generation."""

    code, title = "quote_used", "Quote used"


class NotCancellable(Conflict):
    """The generation is past the point where it can be stopped."""

    code, title = "not_cancellable", "Cannot be cancelled"


class NotReady(Conflict):
    """There is no film to fetch: not yet, or never."""

    code, title = "not_ready", "No film"
