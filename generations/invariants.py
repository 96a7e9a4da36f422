"""What must be true of every generation at any moment: proven by check_ledger and each campaign.

Each has a number to call it by. The wallets' own (I1 to I4, I16) are billing.proof; what needs the
stored files (I6) is `file_breaches`, which reads them; that no file lies there unnamed (I15) is
reconciliation's; that no credential of ours is kept in clear (I14) is `secret_breaches`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.backends.utils import CursorWrapper

from accounts import tenancy
from generations import patience, storage
from generations.models import Audio, ProviderAccount, Video
from generations.models.provider_account import secrets_of
from generations.products import FACTS_ONLY
from generations.retention import KEPT
from kling_saas.lib.sealing import SealBroken

_CHUNK = 1024 * 1024
_LISTED = 20  # offenders named per rule
_FACTS_ONLY = ", ".join(f"'{kind}'" for kind in sorted(FACTS_ONLY))


def _seconds(time: timedelta) -> str:
    return f"interval '{time.total_seconds():.0f} s'"


@dataclass(frozen=True, slots=True)
class Rule:
    """`query` finds offenders: their public names, one per row."""

    number: str
    says: str
    query: str


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that does not hold, and for what."""

    rule: str
    offender: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.offender}"


RULES = (
    Rule(
        "I5",
        "a generation has ended exactly when its hold is settled",
        "SELECT g.public_id FROM generations_generation g JOIN billing_hold h ON h.id = g.hold_id "
        "WHERE (g.finished_at IS NOT NULL) <> (h.status <> 'pending')",
    ),
    Rule(
        "I5",
        "every hold belongs to a generation",
        "SELECT h.reference FROM billing_hold h WHERE NOT EXISTS "
        "(SELECT FROM generations_generation g WHERE g.hold_id = h.id)",
    ),
    Rule(
        "I6",
        "succeeded, captured and filmed are one",
        "SELECT g.public_id "  # noqa: S608 - names of ours
        "FROM generations_generation g JOIN billing_hold h ON h.id = g.hold_id "
        "LEFT JOIN generations_video v ON v.generation_id = g.id "
        "LEFT JOIN generations_audio a ON a.generation_id = g.id "
        "WHERE (g.status = 'succeeded') <> (h.status = 'captured') "
        "OR (g.status = 'succeeded' AND (h.captured <> g.credits "
        "OR coalesce(v.id, a.id) IS NULL AND NOT (g.made ? 'facts' "
        f"AND g.kind IN ({_FACTS_ONLY}))))",
    ),
    Rule(
        "I7",
        "failed and cancelled ones are released whole",
        "SELECT g.public_id FROM generations_generation g JOIN billing_hold h ON h.id = g.hold_id "
        "WHERE (g.status IN ('failed', 'cancelled')) <> (h.status = 'released')",
    ),
    Rule(
        "I8",
        "nothing is held an hour beyond its deadline, but for films that wait for our storage",
        "SELECT g.public_id FROM generations_generation g "  # noqa: S608 - figures of ours
        "WHERE g.finished_at IS NULL "
        f"AND g.deadline_at < now() - {_seconds(patience.DEADLINE_GRACE)} "
        "AND (g.status NOT IN ('fetching', 'storing') "
        f"OR g.deadline_at < now() - {_seconds(patience.STORAGE_GRACE)})",
    ),
    Rule(
        "I9",
        "no generation may be billed by upstreams twice",
        "SELECT g.public_id FROM generations_attempt a JOIN generations_generation g "
        "ON g.id = a.generation_id WHERE a.outcome IN ('accepted', 'unknown', 'abandoned') "
        "GROUP BY 1 HAVING count(*) > 1",
    ),
    Rule(
        "I11",
        "news is told, and what is owed to no address any more was taken or says why it was not",
        "SELECT m.topic || ' ' || m.subject FROM accounts_outboxmessage m "
        "WHERE (m.next_attempt_at IS NULL) <> (m.delivered_at IS NOT NULL) "
        "UNION ALL SELECT d.public_id FROM accounts_webhookdelivery d "
        "WHERE d.next_attempt_at IS NULL AND d.delivered_at IS NULL "
        "AND d.last_error = '' AND d.last_status IS NULL",
    ),
    Rule(
        "I12",
        "an ended generation has exactly one final event, and it is its last",
        "SELECT g.public_id FROM generations_generation g "
        "LEFT JOIN generations_generationevent e ON e.generation_id = g.id "
        "AND e.status IN ('succeeded', 'failed', 'cancelled') "
        "GROUP BY g.id HAVING count(e.id) <> (g.finished_at IS NOT NULL)::int "
        "OR max(e.status) <> g.status OR max(e.sequence) < (SELECT max(sequence) "
        "FROM generations_generationevent l WHERE l.generation_id = g.id)",
    ),
    Rule(
        "I13",
        "nothing refers to another organisation's rows",
        "SELECT g.public_id FROM generations_generation g JOIN billing_hold h ON h.id = g.hold_id "
        "LEFT JOIN generations_video v ON v.generation_id = g.id "
        "LEFT JOIN generations_audio a ON a.generation_id = g.id "
        "WHERE (h.organisation_id, h.livemode) <> (g.organisation_id, g.livemode) "
        "OR (v.organisation_id, v.livemode) <> (g.organisation_id, g.livemode) "
        "OR (a.organisation_id, a.livemode) <> (g.organisation_id, g.livemode)",
    ),
)

_STORED = "stored films are proven across tenants"
_WHOLE, _BESIDE = "I6 what was paid is stored, byte for byte", "I6 what goes with it is stored"
_SECRETS = "I14 no credential of ours is kept in clear"
_KEEPING = """
SELECT 'attempt ' || external_id FROM generations_attempt WHERE account_id = %(account)s
   AND strpos(message || request::text || response::text, %(secret)s) > 0
UNION ALL SELECT 'generation ' || public_id FROM generations_generation
 WHERE account_id = %(account)s AND strpos(error_message, %(secret)s) > 0
UNION ALL SELECT 'alarm ' || subject FROM generations_alarm
 WHERE strpos(subject || message, %(secret)s) > 0
UNION ALL SELECT 'account ' || name FROM generations_provideraccount
 WHERE strpos(disabled_because || last_error, %(secret)s) > 0
UNION ALL SELECT 'breaker ' || model FROM generations_breaker
 WHERE strpos(reason, %(secret)s) > 0
UNION ALL SELECT 'refused ' || model FROM generations_refusedmodel
 WHERE strpos(reason, %(secret)s) > 0
 ORDER BY 1 LIMIT 20
"""


def breaches(organisation_id: int | None = None) -> list[Breach]:
    """Every rule that does not hold, of one organisation or of all; changes nothing.

    At most twenty offenders are named per rule.
    """
    scope = (
        tenancy.system("invariants are proven across tenants")
        if organisation_id is None
        else tenancy.scope(organisation_id)
    )
    with scope, connection.cursor() as cursor:
        return list(_found(cursor))


def of_rule(number: str, among: list[str] | None = None) -> list[Breach]:
    """The breaches of one rule. Needs a scope of every tenant.

    At most twenty offenders are named, or all that are `among` these.
    """
    rules = tuple(rule for rule in RULES if rule.number == number)
    with connection.cursor() as cursor:
        return list(_found(cursor, rules, among))


def _found(
    cursor: CursorWrapper, rules: tuple[Rule, ...] = RULES, among: list[str] | None = None
) -> Iterator[Breach]:
    for rule in rules:
        found = f"SELECT offender FROM ({rule.query}) AS found (offender)"  # noqa: S608 - a constant
        if among is None:
            cursor.execute(f"{found} ORDER BY 1 LIMIT {_LISTED}")
        else:
            cursor.execute(f"{found} WHERE offender = ANY(%s) ORDER BY 1", [among])
        for (offender,) in cursor.fetchall():
            yield Breach(f"{rule.number} {rule.says}", str(offender))


def file_breaches() -> list[Breach]:
    """Films and sounds whose stored bytes are not those that were verified, and what was stored
    beside them and is lost. What was kept long enough is not looked for.

    Reads every film and sound once.
    """
    return [*_file_breaches(Video), *_file_breaches(Audio)]


def _file_breaches(shelf: type[Video] | type[Audio]) -> list[Breach]:
    """What ended while others were read is left out, too."""
    with tenancy.system(_STORED):
        named = shelf.objects.filter(KEPT).order_by("key").values_list("pk", "sha256", *shelf.KEYS)
        rows = list(named)
    found = {pk: wrong for pk, *facts in rows if (wrong := list(_wrong(*facts)))}
    with tenancy.system(_STORED):
        kept = set(shelf.objects.filter(KEPT, pk__in=found).values_list("pk", flat=True))
    return [breach for pk, wrong in found.items() if pk in kept for breach in wrong]


def _wrong(sha256: str, key: str, *beside: str) -> Iterator[Breach]:
    if _digest(key) != sha256:
        yield Breach(_WHOLE, key)
    for other in filter(None, beside):
        if storage.size(other) <= 0:
            yield Breach(_BESIDE, other)


def secret_breaches() -> list[Breach]:
    """Rows that keep a credential of an upstream account in clear. Reads all its attempts."""
    found = []
    with tenancy.system("what is kept is proven across tenants"), connection.cursor() as cursor:
        for account in ProviderAccount.objects.all():
            for part in _secrets_of(account):
                cursor.execute(_KEEPING, {"account": account.pk, "secret": part})
                found += [Breach(_SECRETS, str(place)) for (place,) in cursor.fetchall()]
    return found


def _secrets_of(account: ProviderAccount) -> list[str]:
    try:
        return secrets_of(account.credential())
    except SealBroken:  # nobody knows what to look for; the doctor says so
        return []


def _digest(key: str) -> str:
    digest = hashlib.sha256()
    try:
        with storage.open_file(key) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except storage.TROUBLE:
        return ""
    return digest.hexdigest()
