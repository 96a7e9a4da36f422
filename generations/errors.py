"""The refusals of this app, and how films fail, each with the code that the documentation lists."""

from __future__ import annotations

from dataclasses import dataclass
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


class BatchRefused(Refusal):
    """Of a batch no order was accepted, and nothing moved; `data` has each that was refused."""

    code, status, title = "batch_refused", 422, "Batch refused"


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


class NotDeletable(Conflict):
    """The service that keeps the voice or element refused to delete it; it is as it was."""

    code, title = "not_deletable", "Cannot be deleted"


class NotReady(Conflict):
    """There is no film to fetch: not yet, or never."""

    code, title = "not_ready", "No film"


class NotFinished(Conflict):
    """It is still being made: only what has ended is deleted. Cancel it, or wait for its end."""

    code, title = "not_finished", "Still under way"


class Needed(Conflict):
    """An order that is under way begins with it: cancel that order, or wait for its end."""

    code, title = "needed", "Needed by an order"


class NotSent(Conflict):
    """A file was announced and has not come: PUT it to its address, then complete it."""

    code, title = "not_sent", "Nothing sent"


class NameTaken(Conflict):
    """There is a collection of this name in the same place."""

    code, title = "name_taken", "Name taken"


class TooDeep(Conflict):
    """Collections lie at most five deep, and none within itself."""

    code, title = "too_deep", "Too deep"


class NotKept(Refusal):
    """The film or sound was kept for as long as the plan said, or was deleted by its owner:
    `media_deleted_at` of its generation says when. In the trash it is until then (the generation's
    `media_trashed_at`), and can be restored.
    """

    code, status, title = "not_kept", 410, "Not kept any more"


class FileMissing(Refusal):
    """A film, sound or picture was made and stored, and its file is not in our storage any more: a
    fault on our side, which operators are told of. It stays listed, and is there again when they
    have restored it.
    """

    code, status, title, retryable = "file_missing", 404, "File missing", True

    @classmethod
    def of(cls, what: str) -> FileMissing:
        """The refusal for this generation, e.g. "gen_…", or for what a link names."""
        return cls(
            f"The file of {what} is missing from our storage. It stays listed: ask again later, "
            "or write to us and name this request."
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """How an accepted order ended without a film: `error.code` of its generation.

    `retryable`: the same order may succeed when it is given again.
    """

    meaning: str
    retryable: bool


FAILURES: dict[str, Failure] = {
    "bad_film": Failure(
        "A film was made, but it did not come, does not play, or is not the one ordered.", True
    ),
    "deadline": Failure("It was not finished before its `deadline`.", True),
    "internal": Failure("A fault on our side.", True),
    "moderation": Failure(
        "The content was refused: something in the prompt or image has to change.", False
    ),
    "no_provider": Failure("No service makes this film any more: order another model.", False),
    "upstream_failed": Failure(
        "The service tried and could not make it; `error.message` is its own word.", False
    ),
    "upstream_lost": Failure("The service took it and no longer knows it.", True),
    "upstream_refused": Failure(
        "The service refused the order; `error.message` says what has to change.", False
    ),
    "upstream_unavailable": Failure("Every service that was tried had trouble.", True),
    "upstream_unknown": Failure("The service’s answer was lost and cannot be asked for.", True),
}
"""Every code with which a generation fails; its credits are always given back."""
