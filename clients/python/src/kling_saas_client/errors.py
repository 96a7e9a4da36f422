"""Everything the client raises, below KlingError."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_saas_client.generations import Generation
    from kling_saas_client.steps import Answer


class KlingError(Exception):
    """Whatever goes wrong with the client; no message of any has the key in it."""


class BadSettings(KlingError):
    """The client was given no key or no address, or one, or an idempotency key, that cannot be."""


class NoAddress(BadSettings):
    """No address of a site."""


class NoKey(BadSettings):
    """No key; `site` is where one can be made."""

    def __init__(self, message: str, site: str) -> None:
        super().__init__(message)
        self.site = site


class UnexpectedAnswer(KlingError):
    """The answer is not of the API: is the address right, or is a proxy between?"""


class ConnectionFailed(KlingError):
    """No answer, after every try.

    `idempotency_key`: the same call with it is carried out once, whatever became of this one.
    """

    def __init__(self, message: str, *, idempotency_key: str | None = None) -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key


class TimedOut(ConnectionFailed):
    """The same, because the time of each try was over."""


class DownloadFailed(KlingError):
    """The file did not come whole; nothing is at its place."""


class WebhookNotVerified(KlingError):
    """The post is not proven to be the product's: answer it with 400, and do nothing."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a request."""

    field: str
    code: str
    message: str


class APIError(KlingError):
    """The API says no. `code` is stable, `documentation` leads to what it means."""

    def __init__(self, status: int, problem: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.status = status
        self.code = str(problem.get("code") or f"http_{status}")
        self.detail = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        self.documentation: str | None = problem.get("type")
        self.request_id: str | None = problem.get("request_id") or headers.get("x-request-id")
        self.retryable = problem.get("retryable") is True
        self.violations = [
            Violation(str(v.get("field")), str(v.get("code")), str(v.get("message")))
            for v in problem.get("violations") or ()
        ]
        self.problem = dict(problem)
        self._retry_after = headers.get("retry-after", "")
        super().__init__(f"{self.detail} ({self.code}, request {self.request_id or 'unknown'})")

    @property
    def retry_after(self) -> float | None:
        """Seconds after which it is worth another try, if the server has said so."""
        found = self.problem.get("retry_after")
        if isinstance(found, int | float):
            return float(found)
        return float(self._retry_after) if self._retry_after.isdecimal() else None


class InvalidRequest(APIError):
    """400, 413, 415 and 422: `violations` tells everything that is wrong at once."""


class AuthenticationFailed(APIError):
    """401: no key, or one that opens nothing."""


class PaymentRequired(APIError):
    """402: too few credits, or a spending cap is reached."""


class PermissionDenied(APIError):
    """403: the key may not do this."""


class NotFound(APIError):
    """404."""


class Conflict(APIError):
    """409: the thing is not in a state that allows this."""


class Gone(APIError):
    """410: it was kept for as long as was said."""


class RateLimited(APIError):
    """429: too many at once."""


class ServerError(APIError):
    """5xx: a fault on the other side."""


class InsufficientCredits(PaymentRequired):
    """`problem` tells how many are `needed` and `available`."""


class CapReached(PaymentRequired):
    """A spending cap of the key, member or organisation is reached."""


class CapExceeded(PermissionDenied):
    """It costs more than `max_cost`; nothing was held."""


class IdempotencyKeyReused(InvalidRequest):
    """The same key came with another body."""


class QueueFull(RateLimited):
    """Too many unfinished generations."""


_BY_CODE: dict[str, type[APIError]] = {
    "insufficient_credits": InsufficientCredits,
    "cap_reached": CapReached,
    "cap_exceeded": CapExceeded,
    "idempotency_key_reused": IdempotencyKeyReused,
    "queue_full": QueueFull,
}
_BY_STATUS: dict[int, type[APIError]] = {
    400: InvalidRequest,
    401: AuthenticationFailed,
    402: PaymentRequired,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
}


def of(answer: Answer) -> APIError:
    """The error that an answer of 400 or more tells."""
    told = answer.json()
    problem: Mapping[str, Any] = told if isinstance(told, dict) else {}
    usual = ServerError if answer.status >= 500 else APIError
    kind = _BY_CODE.get(str(problem.get("code"))) or _BY_STATUS.get(answer.status, usual)
    return kind(answer.status, problem, answer.headers)


class GenerationFailed(KlingError):
    """It ended without what was ordered, and every credit came back."""

    def __init__(self, generation: Generation[Any]) -> None:
        self.generation = generation
        error = generation.error
        self.code = error.code if error else generation.status
        why = error.message if error else f"it was {generation.status}"
        back = generation.came_back
        told = f"; {back} {'credit' if back == 1 else 'credits'} came back" if back else ""
        super().__init__(f"{generation.id}: {why} ({self.code}){told}")


class StillUnderWay(KlingError, TimeoutError):
    """The time to wait is over, and the generation goes on: `generation` is how it stands."""

    def __init__(self, generation: Generation[Any], seconds: float) -> None:
        self.generation = generation
        super().__init__(f"{generation.id} is still {generation.status} after {seconds:.0f} s")
