"""From a request to its answer: what is tried again, when, and what is raised in the end."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from kling_saas_client import errors
from kling_saas_client.steps import Answer, Flow, Lost, Open, Request, Send, Sleep

T = TypeVar("T")
AGAIN = {502, 503, 504}  # whether it was carried out is open
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds
LONGEST_ASKED = 60.0  # a server that asks for more is told of instead
_random = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client was told; `api_key` is shown nowhere."""

    site: str
    api_key: str = field(repr=False)
    timeout: float
    max_retries: int


def pause(tries: int) -> float:
    """Seconds after so many tries: twice as long each time, and never quite the same."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (tries - 1))
    return longest * _random.uniform(0.5, 1.0)


def before_another(request: Request, came: Answer | Lost, tries: int) -> float | None:
    """Seconds until it may be sent again; None where that is not safe, or does not help.

    What never left us and what was refused for its number was not carried out. Anything else is
    sent again only if the server carries it out once.
    """
    if isinstance(came, Lost):
        return pause(tries) if request.repeatable or not came.sent else None
    again = came.status == 429 or (request.repeatable and _may_pass(came))
    if not again:
        return None
    asked = _retry_after(came)
    if asked is None:
        return pause(tries)
    return asked + _random.uniform(0.0, 0.25) if asked <= LONGEST_ASKED else None


def _may_pass(answer: Answer) -> bool:
    """Our own trouble, or the same request is being carried out at this moment."""
    return answer.status in AGAIN or (answer.status == 409 and errors.of(answer).retryable)


def _retry_after(answer: Answer) -> float | None:
    """Its header in seconds; a date is left to our own pauses."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None


def exchange(settings: Settings, request: Request, later: Request | None = None) -> Flow[Answer]:
    """The answer, which is no refusal. `later` is what is sent from the second try on.

    Raises APIError, ConnectionFailed and UnexpectedAnswer.
    """
    return _tried(settings, Send, request, later or request)


def opened(settings: Settings, request: Request) -> Flow[Answer]:
    """The same for an answer whose content is read piece by piece."""
    return _tried(settings, Open, request, request)


def _tried(
    settings: Settings, step: type[Send] | type[Open], request: Request, later: Request
) -> Flow[Answer]:
    tries, open_ = 0, False
    while True:
        came: Answer | Lost = yield step(request)
        tries += 1
        if isinstance(came, Answer):
            if came.status < 400:
                return came
            if open_ and came.status == 404 and request.method == "DELETE":
                return replace(came, status=204)  # an earlier try has deleted it
        open_ = open_ or (came.sent if isinstance(came, Lost) else came.status in AGAIN)
        seconds = before_another(request, came, tries)
        if seconds is None or tries > settings.max_retries:
            raise _trouble(settings, request, came, tries)
        yield Sleep(seconds)
        request = later


def _trouble(
    settings: Settings, request: Request, came: Answer | Lost, tries: int
) -> errors.KlingError:
    if isinstance(came, Answer):
        asked_us = request.url.startswith(f"{settings.site}/api/v1/")
        return _elsewhere(settings, came) if asked_us and _is_foreign(came) else errors.of(came)
    kind = errors.TimedOut if came.timed_out else errors.ConnectionFailed
    times = f" after {tries} tries" if tries > 1 else ""
    return kind(
        f"{request.method} {request.url.partition('?')[0]}: {came.why}{times}",
        idempotency_key=request.headers.get("Idempotency-Key"),
    )


def _is_foreign(answer: Answer) -> bool:
    """A refusal that is not the API's. Faults and limits pass, whoever tells them, and stay what
    they are; 501 is of a server that knows no such method.
    """
    problem = answer.json()
    is_ours = isinstance(problem, dict) and "code" in problem
    may_pass = answer.status == 429 or (answer.status >= 500 and answer.status != 501)
    return not (is_ours or may_pass)


def _elsewhere(settings: Settings, answer: Answer) -> errors.UnexpectedAnswer:
    return errors.UnexpectedAnswer(
        f"there seems to be no Kling SaaS at {settings.site}, or a proxy answers in its place: "
        f"HTTP {answer.status} without the API's JSON"
    )


def told(settings: Settings, answer: Answer) -> Any:
    """The JSON of an answer that must have some. Raises UnexpectedAnswer."""
    found = answer.json()
    if not isinstance(found, dict):
        raise _elsewhere(settings, answer)
    return found
