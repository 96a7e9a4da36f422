"""Ring for an operator: in the log, and as a row that stays until somebody resolves it."""

from __future__ import annotations

import logging
from collections.abc import Collection

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from generations.models import Alarm, AlarmKind
from kling_saas.lib.logs import kept

# What an operator does about each; docs/operating.md says the same.
WAY_OUT: dict[AlarmKind, str] = {
    AlarmKind.CREDENTIAL: "enter a new one, or mend it at the upstream and Put back into service",
    AlarmKind.BALANCE: "top it up there",
    AlarmKind.REFUSED: "nothing, or delete the refused model when it is sold there again",
    AlarmKind.STOPPED: "look whether its base URL and host are right and answer; correct the "
    "account, or Close: send again when the vendor has mended it",
    AlarmKind.SUSPENSE: "look for it in the upstream's own list, claim the money back there, "
    "then resolve",
    AlarmKind.OVERCHARGED: "put the book right, or claim",
    AlarmKind.BILL: "find the difference or put the cost book right, then resolve: what began "
    "before is accepted",
    AlarmKind.POISON: "look in the log for its id and report it",
    AlarmKind.STUCK: 'run check_ledger, then as "stuck hold" of Reconciliation says',
    AlarmKind.MISSING: "restore it from the bucket's versions or a backup",
    AlarmKind.UNFETCHED: "look whether its host can be reached from here",
    AlarmKind.UNSTORED: "make room, or mend the storage; after a day the credits are given back",
    AlarmKind.UNDELETED: "mend the storage, or let it delete: its customer was promised it",
}

log = logging.getLogger(__name__)


def ring(kind: AlarmKind, subject: str, message: str) -> None:
    """One open row per kind and subject: the first ring makes it, further ones are counted."""
    text = kept(message, 500)
    log.error("alarm %s %s: %s", kind, subject, text)
    known = _open(kind).filter(subject=subject[:120])
    if not known.update(count=F("count") + 1, last_at=Now(), message=text):
        row = Alarm(kind=kind, subject=subject[:120], message=text)
        Alarm.objects.bulk_create([row], ignore_conflicts=True)


def clear(kind: AlarmKind, *subjects: str) -> None:
    """The trouble is gone: resolve it, if it rang."""
    clear_any((kind,), *subjects)


def clear_any(kinds: Collection[AlarmKind], *subjects: str) -> None:
    """As `clear`, of several kinds in one statement."""
    theirs = Alarm.objects.filter(kind__in=kinds, subject__in=[s[:120] for s in subjects])
    theirs.filter(resolved_at=None).update(resolved_at=Now())


def clear_account(kinds: Collection[AlarmKind], account: str) -> None:
    """What rings about an account, about its models and its cost book too, is over."""
    theirs = Q(subject=account) | Q(subject__startswith=f"{account} ")
    Alarm.objects.filter(theirs, kind__in=kinds, resolved_at=None).update(resolved_at=Now())


def ringing(kind: AlarmKind) -> list[str]:
    """The subjects of the open alarms."""
    return list(_open(kind).values_list("subject", flat=True))


def resolved(kind: AlarmKind) -> QuerySet[Alarm, str]:
    """The subjects that rang and ring no more."""
    rang: QuerySet[Alarm] = Alarm.objects.filter(kind=kind).exclude(resolved_at=None)
    return rang.exclude(subject__in=_open(kind).values("subject")).values_list("subject", flat=True)


def model_at(account: str, model: str) -> str:
    """The subject of what rings about one model at one account."""
    return f"{account} {model}"


def _open(kind: AlarmKind) -> QuerySet[Alarm]:
    return Alarm.objects.filter(kind=kind, resolved_at=None)
