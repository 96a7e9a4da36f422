"""Which calls of the log are asked for: the filters that its page and the API share."""

from __future__ import annotations

import re
from collections.abc import Mapping

from accounts.calls import Wanted
from kling_saas.api import queries
from kling_saas.api.errors import InvalidQuery

STATUSES = r"([1-5])xx|([1-5][0-9]{2})"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
CREDENTIALS = r"(key|pair):[0-9]{1,18}"
_STATUSES = re.compile(STATUSES, re.ASCII)
_CREDENTIALS = re.compile(CREDENTIALS)
_TEXT_MAX = 500  # characters


def read(asked: Mapping[str, str]) -> Wanted:
    """What `status`, `method`, `path`, `credential`, `end_user`, `from` and `to` ask for. Raises
    InvalidQuery.
    """
    method = asked.get("method", "")
    if method and method not in METHODS:
        raise InvalidQuery("method", f"method must be one of {', '.join(METHODS)}.")
    credential = text(asked, "credential")
    if credential and not _CREDENTIALS.fullmatch(credential):
        raise InvalidQuery(
            "credential", "credential must be the `ledger_name` of a key, such as key:5 or pair:3."
        )
    return Wanted(
        statuses=_statuses(asked.get("status", "")),
        method=method,
        path=text(asked, "path"),
        credential=credential,
        end_user=text(asked, "end_user"),
        since=queries.moment(asked, "from"),
        until=queries.moment(asked, "to"),
    )


def text(asked: Mapping[str, str], name: str) -> str:
    """A parameter as the database takes it: without NUL, and of no more than it could find."""
    return asked.get(name, "").replace("\0", "")[:_TEXT_MAX]


def _statuses(asked: str) -> tuple[int, int] | None:
    if not asked:
        return None
    if not (found := _STATUSES.fullmatch(asked)):
        raise InvalidQuery("status", "status must be one such as 422, or a class such as 4xx.")
    if found[1]:
        return int(found[1]) * 100, int(found[1]) * 100 + 99
    return int(found[2]), int(found[2])
