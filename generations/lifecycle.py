"""The life of a generation: the table of legal moves, and the only writer of status.

Read this first. A generation moves only forward; the last three states absorb. Each move is a
compare-and-set on (id, status, version) and writes an event in the same transaction; a move into
a final state also settles the hold and owes the news. A worker holds a step by a lease: claiming
raises the version, so a worker that was slow or paused finds its version gone and writes nothing.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import outbox, tenancy
from billing import ledger
from generations import retention, standing, turns
from generations.models import (
    Audio,
    Generation,
    GenerationEvent,
    ProviderAccount,
    Status,
    Video,
)
from generations.models.generation import TERMINAL
from kling_saas.lib.logs import kept
from kling_saas.lib.points import passing

_LONGEST_PAUSE = 60.0  # seconds
_MARK = """
UPDATE generations_generation
   SET lease_until = statement_timestamp() + make_interval(secs => %(seconds)s),
       leased_by = %(by)s, version = version + 1, step_attempts = step_attempts + 1,
       crashes = crashes + (lease_until IS NOT NULL)::int
 WHERE id = ANY(%(ids)s)
RETURNING *
"""

MOVES: dict[str, frozenset[str]] = {
    Status.ACCEPTED: frozenset({Status.SUBMITTING, Status.FAILED, Status.CANCELLED}),
    Status.SUBMITTING: frozenset(
        {Status.IN_FLIGHT, Status.FETCHING, Status.FAILED, Status.CANCELLED}  # while with nobody
    ),
    Status.IN_FLIGHT: frozenset({Status.FETCHING, Status.FAILED}),
    Status.FETCHING: frozenset({Status.STORING, Status.FAILED}),
    Status.STORING: frozenset({Status.SUCCEEDED, Status.FAILED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}


class IllegalMove(Exception):
    """A move that the table does not have: a mistake in the code, never a race."""


class LeaseLost(Exception):
    """Somebody else has this step now: stop without writing anything."""


def claim(statuses: Iterable[str], limit: int, *, only: Q | None = None) -> list[Generation]:
    """Take up to `limit` due steps for LEASE_SECONDS, longest overdue first, across tenants.

    Counts the try before the work. A lease that ran out was a crash: whoever had it neither
    finished nor gave it back, and after STEP_CRASHES in a row nobody gets it any more (`poison`).
    Never waits for another worker's rows.
    """
    with tenancy.system("workers serve every tenant"):
        due = Generation.objects.filter(
            Q(lease_until=None) | Q(lease_until__lte=Now(), crashes__lt=_known_crashes()),
            status__in=list(statuses),
            next_run_at__lte=Now(),
        )
        found = (
            (due.filter(only) if only else due)
            .only("pk")  # most rounds find nothing: the columns come with the mark
            .order_by("next_run_at")
            .select_for_update(skip_locked=True, of=("self",))[:limit]
        )
        mine = _marked([g.pk for g in found])
        passing("claim.marked")
    passing("claim.done")
    return mine


def _marked(ids: list[int]) -> list[Generation]:
    """The locked rows with their leases, in the order of `ids`."""
    if not ids:
        return []
    parts = {"ids": ids, "by": holder(os.getpgrp()), "seconds": settings.LEASE_SECONDS}
    return sorted(Generation.objects.raw(_MARK, parts), key=lambda g: ids.index(g.pk))


def poison() -> Q:
    """Steps whose last STEP_CRASHES workers all died of them. Needs no further claim."""
    return Q(finished_at=None, lease_until__lte=Now(), crashes__gte=_known_crashes())


def hopeless() -> Q:
    """Steps past their deadline whose last STEP_ATTEMPTS tries failed on our side.

    A film on its way into storage has rules of its own (`ingest`).
    """
    return Q(
        status__in=[Status.ACCEPTED, Status.SUBMITTING, Status.IN_FLIGHT],
        finished_at=None,
        deadline_at__lte=Now(),
        lease_until=None,
        step_attempts__gte=settings.STEP_ATTEMPTS,
    )


def _known_crashes() -> int:
    """Crashes counted by claims when the last one that is allowed has just happened."""
    return int(settings.STEP_CRASHES) - 1


def holder(process_group: int) -> str:
    """How a process group of this machine is named in the leases it takes."""
    return f"{socket.gethostname()[:60]}:{process_group}"


def free_leases(of: str) -> int:
    """End the leases of a holder that is certainly dead, so that nobody waits for them to run out.

    Only its supervisor may say so. The versions stand: even a ghost could write nothing later.
    """
    with tenancy.system("a dead worker's leases are of every tenant"):
        held = Generation.objects.filter(leased_by=of, lease_until__gt=Now(), finished_at=None)
        return int(held.update(lease_until=Now(), version=F("version") + 1))


def scope(generation: Generation) -> AbstractContextManager[None]:
    """The tenancy scope of its owner."""
    return tenancy.scope(generation.organisation_id)


def is_mine(generation: Generation) -> bool:
    """Whether nobody has taken the step over. Its row stays locked: nobody does, until the end.

    Needs a transaction in a scope that sees it.
    """
    locked = Generation.objects.select_for_update(no_key=True).filter(pk=generation.pk)
    now = locked.values_list("status", "version").get()
    return bool(now == (generation.status, generation.version))


def renew(generation: Generation) -> None:
    """Hold the step for another LEASE_SECONDS. Raises LeaseLost."""
    lease = Now() + timedelta(seconds=settings.LEASE_SECONDS)
    with scope(generation):
        if not _same(generation).update(lease_until=lease):
            raise LeaseLost(generation.public_id)


def release(
    generation: Generation, *, again_in: float, forgive: bool = False, lane: list[int] | None = None
) -> None:
    """Give the step back, due again in `again_in` seconds. `forgive`: the try does not count.

    `lane`: the accounts that could make it, when that is known anew. What has ended, or is somebody
    else's by now, stays as it is.
    """
    columns: dict[str, Any] = {
        "lease_until": None,
        "next_run_at": Now() + timedelta(seconds=again_in),
    }
    if forgive:
        columns |= {"step_attempts": 0, "crashes": 0}
    if lane is not None:
        columns["lane"] = lane
    with scope(generation):
        _same(generation).filter(finished_at=None).update(**columns)


def put_back(generation: Generation, *, again_in: float) -> None:
    """No upstream has it: it holds no place at an account, and is due again soon.

    Soon is within a minute and by its deadline, whatever an upstream asked for.
    """
    left = (generation.deadline_at - timezone.now()).total_seconds()
    pause = timedelta(seconds=max(0.1, min(again_in, left, _LONGEST_PAUSE)))
    with scope(generation):
        _same(generation).update(
            account=None,
            lease_until=None,
            next_run_at=Now() + pause,
            step_attempts=0,
            crashes=0,
        )


def advance(
    generation: Generation, to: Status, *, detail: dict[str, Any] | None = None, **columns: Any
) -> bool:
    """Move on, due at once, tries counted anew. False when somebody else moved it first."""
    if to in TERMINAL:
        raise IllegalMove("final states are reached by succeed, fail and cancel")
    fresh = {"next_run_at": Now(), "step_attempts": 0, "crashes": 0, "lease_until": None}
    columns = {**fresh, **columns}
    with scope(generation):
        return _move(generation, to, detail or {}, columns)


def hand_over(
    generation: Generation, account: ProviderAccount, *, keep_lease: bool = False
) -> None:
    """Submitting to `account` from now on, again if it was elsewhere. Raises LeaseLost.

    `keep_lease`: the caller goes on with it; otherwise it is due at once for whoever serves it.
    """
    columns: dict[str, Any] = {"account": account, "handed_over_at": Now()}
    if not keep_lease:
        columns |= {"next_run_at": Now(), "lease_until": None}
    with scope(generation):
        if generation.status == Status.SUBMITTING:
            # A new version, as for a move: who saw it with nobody must not cancel it now.
            moved = bool(_same(generation).update(version=F("version") + 1, **columns))
            generation.version += 1
        elif moved := _move(generation, Status.SUBMITTING, {}, columns):
            turns.take(generation)
        if not moved:
            raise LeaseLost(generation.public_id)


def succeed(generation: Generation, *made: Video | Audio) -> bool:
    """What was ordered is stored and plays: take the credits, show it, tell. All or nothing.

    What it `made` and its `warnings` are kept as they are now.
    """
    with scope(generation), transaction.atomic():
        told = {
            "charged": generation.credits,
            "made": generation.made,
            "warnings": generation.warnings,
        }
        if not _finish(generation, Status.SUCCEEDED, {}, **told):
            return False
        retention.store(made)
        passing("settle.filmed")
        ledger.capture(generation.hold_id, generation.credits)
        passing("settle.captured")
    passing("settle.done")
    return True


def fail(generation: Generation, code: str, message: str) -> bool:
    """It will not come: give every credit back, say why, tell. All or nothing."""
    message = kept(message, 500)
    detail = {"code": code, "message": message}
    with scope(generation), transaction.atomic():
        if not _finish(
            generation,
            Status.FAILED,
            detail,
            charged=0,
            error_code=code[:40],
            error_message=message,
        ):
            return False
        ledger.release(generation.hold_id)
        passing("fail.released")
    passing("fail.done")
    return True


def cancel(generation: Generation) -> bool:
    """Stop it while it is with nobody and give every credit back. False when it is not.

    Who is about to hand it over finds its version gone.
    """
    if not standing.with_nobody(generation):
        return False
    with scope(generation), transaction.atomic():
        if not _finish(generation, Status.CANCELLED, {}, charged=0):
            return False
        ledger.release(generation.hold_id)
        passing("cancel.released")
    passing("cancel.done")
    return True


def _finish(generation: Generation, to: Status, detail: dict[str, Any], **columns: Any) -> bool:
    return _move(
        generation,
        to,
        detail,
        {"finished_at": Now(), "next_run_at": None, "lease_until": None, **columns},
    )


def _same(generation: Generation) -> Any:
    return Generation.objects.filter(
        pk=generation.pk, status=generation.status, version=generation.version
    )


def _move(
    generation: Generation, to: Status, detail: dict[str, Any], columns: dict[str, Any]
) -> bool:
    if to not in MOVES[generation.status]:
        raise IllegalMove(f"{generation.public_id}: {generation.status} to {to}")
    with transaction.atomic():
        if not _same(generation).update(status=to, version=F("version") + 1, **columns):
            return False
        passing("move.marked")
        generation.version += 1
        before, generation.status = generation.status, to
        GenerationEvent.objects.create(
            organisation_id=generation.organisation_id,
            livemode=generation.livemode,
            generation=generation,
            sequence=generation.version,
            status=to,
            detail=detail,
        )
        _news(generation, before, to)
        passing("move.told")
    return True


def _news(generation: Generation, before: str, to: Status) -> None:
    """Owe a wake-up to whoever waits, and an event when it is told in another word than before.

    The client's own address hears of the end, and of the start where its door promises that.
    """
    told = to in TERMINAL or (generation.door == "kling" and to == Status.IN_FLIGHT)
    outbox.emit(
        organisation_id=generation.organisation_id,
        livemode=generation.livemode,
        topic=f"generation.{to.public}",
        subject=generation.public_id,
        url=generation.callback_url if told else "",
        wakes_only=_word(before) == _word(to),
    )


def _word(status: str) -> str:
    """As events tell it: what is being handed over may come back, and is with nobody yet."""
    return Status.ACCEPTED.public if status == Status.SUBMITTING else Status(status).public
