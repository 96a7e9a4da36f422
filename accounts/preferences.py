"""How a person wants the site: language, time zone, and what its pages look and act like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.utils import timezone, translation

from accounts.models import User


def zones() -> list[str]:
    """The time zones that one may choose, by place."""
    return sorted(name for name in available_timezones() if "/" in name and name[:4] != "Etc/")


@contextmanager
def applied(user: User) -> Iterator[None]:
    """Pages made meanwhile speak the person's language, and tell moments in their zone."""
    language = user.language if user.language in dict(settings.LANGUAGES) else None
    with (
        translation.override(language or translation.get_language()),
        timezone.override(ZoneInfo(user.time_zone) if user.time_zone else None),
    ):
        yield
