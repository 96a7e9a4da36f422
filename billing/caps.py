"""Spending caps: who may spend how much at most, and asking for more.

They are checked in SQL under the wallet's lock, in the transaction that reserves
(billing/sql/caps.sql); here they are set, shown, and raised.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts import audit, tenancy
from accounts.actors import Actor
from accounts.scopes import Scope
from billing import ledger, naming, notices
from billing.models import (
    ApprovalRequest,
    ApprovalStatus,
    Cap,
    CapAlert,
    CapPeriod,
    CapRaise,
    CapScope,
)
from billing.models.wallet import MOST_CREDITS
from kling_saas.lib.refusals import Conflict, Forbidden, NotFound, Refusal

_AT_ONCE = 200
_END_USERS_SHOWN = 20  # caps of end users
_BY_WHOSE = ("scope", "subject", "period")
END_USER_MAX = 64  # characters of an end user's name


class BadCap(Refusal):
    """A cap that makes no sense; `field` is what is wrong with it."""

    code, status, title = "invalid_cap", 422, "Invalid cap"


@dataclass(frozen=True, slots=True)
class Standing:
    """A cap now: `allowed` credits with what was approved on top, of which `spent` are gone (held
    or charged) since `since`. A cap per order has neither window nor `resets_on`; one in all counts
    from the day it was set on, and has no `resets_on`.
    """

    cap: Cap
    whose: str
    allowed: int
    spent: int
    since: date | None
    resets_on: date | None

    @property
    def percent(self) -> int:
        """How much of it is used, 0 to 100."""
        return min(100, self.spent * 100 // self.allowed) if self.allowed else 100


def standings(actor: Actor) -> list[Standing]:
    """Every cap of the actor's organisation and mode but those of end users, who may be many;
    members without rights see their own.
    """
    return _standings(actor, ~Q(scope=CapScope.END_USER) & _seen(actor))


def of_credential(actor: Actor, credential: str) -> list[Standing]:
    """The caps of `key:5` or `pair:3` alone."""
    return _standings(actor, Q(scope=CapScope.CREDENTIAL, subject=credential))


def holds(actor: Actor, credential: str) -> bool:
    """Whether `key:5` or `pair:3` has a cap."""
    with tenancy.scope(actor.organisation_id):
        mine = Cap.objects.filter(livemode=actor.livemode, scope=CapScope.CREDENTIAL)
        return bool(mine.filter(subject=credential).exists())


def of_credentials(actor: Actor) -> defaultdict[str, list[Standing]]:
    """The caps of all keys and pairs, by `key:5` or `pair:3`; none for others."""
    found: defaultdict[str, list[Standing]] = defaultdict(list)
    for one in _standings(actor, Q(scope=CapScope.CREDENTIAL)):
        found[one.cap.subject].append(one)
    return found


def of_end_user(actor: Actor, end_user: str) -> list[Standing]:
    """The caps of one end user alone."""
    return _standings(actor, Q(scope=CapScope.END_USER, subject=end_user))


def of_end_users(actor: Actor, name: str) -> list[Standing]:
    """The caps of the end user `name`, or the newest of all, a screenful; none for who may not set
    them.
    """
    if not actor.may_buy:
        return []
    if name:
        return of_end_user(actor, name)
    return _standings(actor, Q(scope=CapScope.END_USER), newest=_END_USERS_SHOWN)


def _standings(actor: Actor, which: Q, newest: int = 0) -> list[Standing]:
    with tenancy.scope(actor.organisation_id):
        wallet = ledger.open_wallet(actor.organisation_id, actor.livemode)
        found = Cap.objects.filter(which, wallet_id=wallet).select_related("set_by")
        found = found.order_by("-pk")[:newest] if newest else found.order_by(*_BY_WHOSE)
        caps = list(found)
        figures = _figures(caps)
        names = _names(actor, caps)
    return [_standing(cap, names, *figures[cap.pk]) for cap in caps]


def _figures(caps: list[Cap]) -> dict[int, tuple[date | None, int, int]]:
    """Since when, what is allowed, and what is spent, by the cap's id. Needs an open scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, standing.since, standing.allowed, standing.spent "
            "FROM billing_cap c CROSS JOIN LATERAL billing_standing(c) standing "
            "WHERE c.id = ANY (%s)",
            [[cap.pk for cap in caps]],
        )
        return {row[0]: row[1:] for row in cursor.fetchall()}


def _standing(
    cap: Cap, names: dict[int, str], since: date | None, allowed: int, spent: int
) -> Standing:
    return Standing(
        cap=cap,
        whose=names.get(cap.pk, cap.subject),
        allowed=allowed,
        spent=spent,
        since=since,
        resets_on=_next(CapPeriod(cap.period), since) if since else None,
    )


def _next(period: CapPeriod, since: date) -> date | None:
    if period == CapPeriod.TOTAL:
        return None
    days = 1 if period == CapPeriod.DAY else 31
    later = since + timedelta(days=days)
    return later if period == CapPeriod.DAY else later.replace(day=1)


def _seen(actor: Actor) -> Q:
    if actor.may_buy:
        return Q()
    mine = Q(scope=CapScope.MEMBER, subject=str(actor.user_id))
    return Q(scope=CapScope.ORGANISATION) | mine


def _names(actor: Actor, caps: list[Cap]) -> dict[int, str]:
    """Whose the caps of single spenders are, in words, by the cap's id."""
    single = [cap for cap in caps if cap.scope in (CapScope.MEMBER, CapScope.CREDENTIAL)]
    spenders = {
        cap.pk: f"user:{cap.subject}" if cap.scope == CapScope.MEMBER else cap.subject
        for cap in single
    }
    words = naming.Names(actor.organisation_id).of(spenders.values())
    return {pk: words[spender] for pk, spender in spenders.items()}


def credentials(actor: Actor) -> list[tuple[str, str]]:
    """The usable credentials of the actor's mode: as caps name them, and in words."""
    usable = naming.credentials(actor.organisation_id, actor.livemode, usable=True)
    return [(one.value, one.words) for one in usable]


def members(actor: Actor) -> list[tuple[str, str]]:
    """The members of the organisation: as caps name them, and in words."""
    found = naming.members(actor.organisation_id)
    return [(one.value.removeprefix("user:"), one.words) for one in found]


def put(actor: Actor, *, scope: str, subject: str, period: str, amount: int) -> Cap:
    """Set a cap, or change the one there is for this subject and period.

    Raises Forbidden for who may not, BadCap naming the field.
    """
    _need_right(actor, scope)
    _check(actor, scope, subject, period, amount)
    with tenancy.scope(actor.organisation_id):
        wallet = ledger.open_wallet(actor.organisation_id, actor.livemode)
        cap: Cap
        cap, _created = Cap.objects.update_or_create(
            organisation_id=actor.organisation_id, livemode=actor.livemode, wallet_id=wallet,
            scope=scope, subject=subject, period=period,
            defaults={"credits": amount, "set_by_id": actor.user_id},
        )  # fmt: skip
        audit.note(actor, "cap.set", str(cap)[:80])
    return cap


def _check(actor: Actor, scope: str, subject: str, period: str, amount: int) -> None:
    if scope not in CapScope.values:
        raise BadCap(f"A cap is for {', '.join(CapScope.values)}, not {scope!r}.", field="scope")
    if not _is_known(actor, scope, subject):
        raise BadCap(
            "There is no such member or key in this organisation, and an end user's name has 1 to "
            f"{END_USER_MAX} characters.",
            field="subject",
        )
    if period not in CapPeriod.values:
        raise BadCap(f"A cap is per {', '.join(CapPeriod.values)}.", field="period")
    if not 0 <= amount <= MOST_CREDITS:
        raise BadCap(f"A cap is 0 to {MOST_CREDITS:,} credits.", field="credits")


def _is_known(actor: Actor, scope: str, subject: str) -> bool:
    if scope == CapScope.ORGANISATION:
        return not subject
    if scope == CapScope.MEMBER:
        return naming.is_member(actor.organisation_id, subject)
    if scope == CapScope.CREDENTIAL:
        return naming.is_usable(actor.organisation_id, actor.livemode, subject)
    # An end user, whom we do not know: they are the customer's.
    return subject.isprintable() and 1 <= len(subject) <= END_USER_MAX


def remove(actor: Actor, cap_id: int) -> None:
    """End a cap; what was asked and approved above it goes with it. Raises Forbidden, NotFound."""
    with tenancy.scope(actor.organisation_id):
        cap = _mine(actor, cap_id)
        _need_right(actor, cap.scope)
        audit.note(actor, "cap.removed", str(cap)[:80])
        cap.delete()


def end(actor: Actor, *, scope: str, subject: str, period: str) -> None:
    """End the cap for this subject and period, if there is one. Raises Forbidden."""
    with tenancy.scope(actor.organisation_id):
        mine = Cap.objects.filter(livemode=actor.livemode, scope=scope, subject=subject)
        for cap in mine.filter(period=period):
            remove(actor, cap.pk)


def ask(actor: Actor, cap_id: int, amount: int, note: str) -> ApprovalRequest:
    """Ask whoever manages money for `amount` credits above one's own cap, until it resets.

    One in all never does. Asked again while it is open, the amount and the note change. Raises
    NotFound for a cap that is not the member's own, BadCap for an amount out of range.
    """
    if not 1 <= amount <= MOST_CREDITS:
        raise BadCap(f"Ask for 1 to {MOST_CREDITS:,} credits.", field="credits")
    with tenancy.scope(actor.organisation_id):
        cap = _mine(actor, cap_id)
        own = cap.scope == CapScope.MEMBER and cap.subject == str(actor.user_id)
        if not own or cap.period == CapPeriod.CALL:
            raise NotFound("There is no such cap of yours that can be raised for a while.")
        asked: ApprovalRequest
        asked, created = ApprovalRequest.objects.update_or_create(
            organisation_id=actor.organisation_id, livemode=actor.livemode,
            wallet_id=cap.wallet_id, cap=cap, member_id=actor.user_id, status=ApprovalStatus.OPEN,
            defaults={"credits": amount, "note": note[:300]},
        )  # fmt: skip
        if created:
            notices.add(
                actor.organisation_id, actor.livemode, "approval_asked", asked.public_id,
                member=asked.member.called, credits=amount, note=asked.note, period=cap.period,
            )  # fmt: skip
    return asked


def open_requests(actor: Actor) -> list[ApprovalRequest]:
    """What waits for a decision: all of it for who may decide, else the actor's own."""
    with tenancy.scope(actor.organisation_id):
        found = ApprovalRequest.objects.filter(
            livemode=actor.livemode, status=ApprovalStatus.OPEN
        ).select_related("member", "cap")
        if not actor.may_buy:
            found = found.filter(member_id=actor.user_id)
        return list(found.order_by("pk"))


def decide(actor: Actor, public_id: str, *, approve: bool) -> ApprovalRequest:
    """Say yes (the cap is raised until it resets, if ever) or no, once.

    Raises Forbidden, NotFound, and Conflict when it was decided before.
    """
    _need_right(actor, CapScope.MEMBER)
    with tenancy.scope(actor.organisation_id):
        asked: ApprovalRequest | None = (
            ApprovalRequest.objects.select_for_update(of=("self",))
            .select_related("cap", "member")
            .filter(public_id=public_id, livemode=actor.livemode)
            .first()
        )
        if asked is None:
            raise NotFound("There is no such request.")
        if asked.status != ApprovalStatus.OPEN:
            raise Conflict("The request was decided before.")
        asked.status = ApprovalStatus.APPROVED if approve else ApprovalStatus.DECLINED
        asked.decided_by_id, asked.decided_at = actor.user_id, timezone.now()
        asked.save(update_fields=["status", "decided_by", "decided_at"])
        if approve:
            _raise(actor, asked)
        audit.note(actor, f"approval.{asked.status}", asked.public_id)
        notices.add(
            actor.organisation_id, actor.livemode, "approval_decided", f"{asked.public_id}:decided",
            to=asked.member_id, credits=asked.credits, approved=approve, period=asked.cap.period,
        )  # fmt: skip
    return asked


def _raise(actor: Actor, asked: ApprovalRequest) -> None:
    since, _allowed, _spent = _figures([asked.cap])[asked.cap_id]
    CapRaise.objects.create(
        organisation_id=actor.organisation_id, livemode=actor.livemode,
        wallet_id=asked.wallet_id, cap=asked.cap, since=since, credits=asked.credits,
        approved_by_id=actor.user_id,
    )  # fmt: skip


def tell_alerts() -> int:
    """Notices for the shares of caps that were reached since the last look; how many."""
    with tenancy.system("caps of every tenant are told of"):
        untold = (
            CapAlert.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(told_at=None)
            .select_related("cap")
            .order_by("created_at")
        )
        alerts = list(untold[:_AT_ONCE])
        for alert in alerts:
            _tell(alert)
        CapAlert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(
            told_at=timezone.now()
        )
    return len(alerts)


def _tell(alert: CapAlert) -> None:
    whose = Actor(organisation_id=alert.organisation_id, livemode=alert.livemode)
    names = _names(whose, [alert.cap])
    notices.add(
        alert.organisation_id, alert.livemode, "cap_reached",
        f"cap:{alert.cap_id}:{alert.since}:{alert.percent}", percent=alert.percent,
        credits=alert.cap.credits, period=alert.cap.period, scope=alert.cap.scope,
        whose=names.get(alert.cap_id, alert.cap.subject),
    )  # fmt: skip


def _mine(actor: Actor, cap_id: int) -> Cap:
    found: Cap | None = Cap.objects.filter(pk=cap_id, livemode=actor.livemode).first()
    if found is None:
        raise NotFound("There is no such cap.")
    return found


def _need_right(actor: Actor, scope: str) -> None:
    """A program that may spend may hold its end users to less."""
    if not actor.user_id:
        actor.must_have(Scope.GENERATE if scope == CapScope.END_USER else Scope.ADMIN)
    elif not actor.may_buy:
        raise Forbidden("Caps are set by owners, admins and billing members.")
