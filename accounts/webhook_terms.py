"""What an endpoint is to be, read from a body: that of the API, or a form of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.event_types import PATTERNS
from accounts.webhooks import DESCRIPTION_MAX, URL_MAX, Wanted, is_address
from kling_saas.api.fields import Fields

EVENTS_MOST = 50


def read(body: Mapping[str, Any], *, new: bool) -> Wanted:
    """`url`, `events` and `description`; of one that is there, `enabled` too. Raises InvalidFields
    with all that is wrong.
    """
    known = ("url", "events", "description")
    fields = Fields(body, known if new else (*known, "enabled"))
    wanted = Wanted(
        url=fields.text("url", URL_MAX, required=new),
        events=fields.words("events", PATTERNS, EVENTS_MOST),
        description=fields.text("description", DESCRIPTION_MAX),
        enabled=None if new else fields.flag("enabled"),
    )
    if wanted.url is not None and not is_address(wanted.url):
        fields.refuse("url", "wrong_type", "must be a public https:// address.")
    fields.done()
    return wanted
