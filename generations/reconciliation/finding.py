"""What every look of a reconciliation takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from generations.models import ProviderAccount


class Kind(StrEnum):
    """What was found; the heading of a table."""

    ORPHAN = "orphan file"
    UNUSED = "unused upload"
    MISSING = "missing file"
    UNKNOWN = "unknown submit"
    HOLD = "stuck hold"
    LATE = "late film"
    BILL = "upstream bill"
    UNSEEN = "could not be looked at"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not agree: whose, and in a sentence what.

    `done` is what was done about it (in a dry run: would be), empty when nothing is. `left`: a
    person must look at it.
    """

    kind: Kind
    subject: str
    says: str
    done: str = ""
    left: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How to look. `mend` False changes nothing anywhere, not even an alarm.

    `account`: only what concerns this one. `after`: where the page before ended.
    """

    mend: bool
    account: ProviderAccount | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What one step found; `after` is where the next begins, empty when there is none."""

    findings: tuple[Finding, ...] = ()
    after: str = ""
