"""The routes that crash points are struck on: what the upstream and the customer do, once each."""

from __future__ import annotations

from dataclasses import dataclass

from generations.models import Protocol, Status
from tests.campaigns.line import Fault, Sort


@dataclass(frozen=True, slots=True)
class Route:
    """`plan` is what the line does; `ends` are the states it may end in when nothing dies."""

    plan: tuple[tuple[Sort, Fault, int], ...] = ()
    words: str = ""
    ends: tuple[str, ...] = (Status.SUCCEEDED,)
    cancelled: bool = False
    deadline: int | None = None
    nobody: bool = False  # listens at the account's address, at first
    poisoned: bool = False  # two workers died of it after sending it, and a third is dying
    not_for: tuple[str, ...] = ()


_FOREVER = 1000
UNKNOWN = ("lost-request", "lost-reply", "late-reply")
_NO_POLLS = (Protocol.SEGMIND_V1,)
ROUTES = {
    "calm": Route(),
    "lost-request": Route(((Sort.CREATE, Fault.LOST_REQUEST, 1),)),
    "lost-reply": Route(((Sort.CREATE, Fault.LOST_REPLY, 1),)),
    "late-reply": Route(((Sort.CREATE, Fault.LATE_REPLY, 1),)),
    "refused": Route(((Sort.CREATE, Fault.REFUSED, 1),)),
    "poll-lost": Route(((Sort.LOOK, Fault.LOST_REPLY, 1),), not_for=_NO_POLLS),
    "film-cut": Route(((Sort.FILM, Fault.CUT, 1),), not_for=_NO_POLLS),
    "late-film": Route(
        ((Sort.LOOK, Fault.LOST_REPLY, _FOREVER),), ends=(Status.FAILED,), deadline=60,
        not_for=_NO_POLLS,
    ),
    "film-away": Route(
        ((Sort.FILM, Fault.REFUSED, _FOREVER),), ends=(Status.FAILED,), deadline=60,
        not_for=_NO_POLLS,
    ),
    "moderated": Route(words="fail:moderation", ends=(Status.FAILED,)),
    "failed": Route(words="fail:failed", ends=(Status.FAILED,)),
    "nobody": Route(nobody=True),
    "poisoned": Route(poisoned=True, ends=(Status.FAILED,)),
    "cancelled": Route(cancelled=True, ends=(Status.CANCELLED,)),
}  # fmt: skip
