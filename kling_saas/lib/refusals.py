"""The base of every deliberate "no": a stable code, a sentence, and what the client may do."""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """Raised by rules, turned into each door's own shape by that door.

    `code` is stable and documented, `status` is the native API's HTTP status, `facts` are extra
    members of the answer. The sentence names what was wrong and the way out.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "Refused"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts


class Unauthenticated(Refusal):
    """No credential, or one that opens nothing."""

    code, status, title = "unauthenticated", 401, "Not authenticated"


class Forbidden(Refusal):
    """The credential is good and may not do this."""

    code, status, title = "forbidden", 403, "Forbidden"


class NotFound(Refusal):
    """There is no such generation, film, quote or address for this key; another organisation's
    cannot be told from none.
    """

    code, status, title = "not_found", 404, "Not found"


class Conflict(Refusal):
    """The thing is not in a state that allows this."""

    code, status, title = "conflict", 409, "Conflict"


class InvalidBody(Refusal):
    """The request could not be read at all, e.g. it is not JSON."""

    code, status, title = "invalid_request", 400, "Unreadable request"


class IdempotencyKeyReused(Refusal):
    """The same Idempotency-Key came with another body."""

    code, status, title = "idempotency_key_reused", 422, "Idempotency-Key reused"


class RateLimited(Refusal):
    """Too many requests in a minute, or too many that are slow at once."""

    code, status, title, retryable = "rate_limited", 429, "Too many requests", True


class Broken(Refusal):
    """A fault of ours; the log has it under the answer's request id."""

    code, status, title, retryable = "internal", 500, "Internal error", True


class Unavailable(Refusal):
    """The database or the storage does not answer at the moment.

    Whether the request was carried out is open, unless the sentence says so.
    """

    code, status, title, retryable = "unavailable", 503, "Not available", True
