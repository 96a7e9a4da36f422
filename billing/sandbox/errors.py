"""How Stripe says no: one exception, with the HTTP status and the fields of its error object."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """An answer that is an error. `keep`: what was done before it stays done (a decline is on
    record); otherwise the whole request is undone.
    """

    def __init__(self, status: int, kind: str, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.keep = bool(fields.pop("keep", False))
        self.fields = {"message": message, "type": kind, **fields}

    @property
    def started(self) -> bool:
        """Whether the work had begun: only then an answer is kept for its idempotency key."""
        return self.status == 402

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        return {"error": {key: value for key, value in self.fields.items() if value is not None}}


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refused:
    """A parameter, or the state of a thing, does not allow it: 400."""
    return Refused(400, "invalid_request_error", message, param=param, code=code)


def missing(what: str, name: str, param: str = "id", *, in_path: bool = False) -> Refused:
    """No such thing: 404 when the address names it, 400 when a parameter does."""
    status = 404 if in_path else 400
    message = f"No such {what}: '{name}'"
    return Refused(status, "invalid_request_error", message, code="resource_missing", param=param)


def required(param: str) -> Refused:
    """A parameter is missing: 400."""
    return invalid(f"Missing required param: {param}.", param, "parameter_missing")


def unauthorized(message: str) -> Refused:
    """No key, or not a key of this account: 401."""
    return Refused(401, "invalid_request_error", message)


def busy() -> Refused:
    """Too many requests: 429."""
    return Refused(429, "invalid_request_error", "Request rate limit exceeded.", code="rate_limit")


class Declined(Refused):
    """A card was refused: 402. The failed intent stays on record."""

    def __init__(self, message: str, code: str, decline_code: str | None = None) -> None:
        fields = {"code": code, "decline_code": decline_code}
        super().__init__(402, "card_error", message, keep=True, **fields)

    def facts(self) -> dict[str, Any]:
        """What an intent's `last_payment_error` says of it."""
        return dict(self.body()["error"])
