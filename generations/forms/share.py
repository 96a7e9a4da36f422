"""On what terms a film is shared, read from a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from generations.gallery.sharing import PASSWORD_MAX, PASSWORD_MIN, VIEWS_MAX
from generations.models.share import Visibility
from kling_saas.lib.numbers import whole

_HOUR, _DAY = 3600, 24 * 3600
ENDS: tuple[tuple[str, Promise | str], ...] = (
    (str(_HOUR), gettext_lazy("In 1 hour")),
    (str(_DAY), gettext_lazy("In 1 day")),
    (str(7 * _DAY), gettext_lazy("In 7 days")),
    (str(30 * _DAY), gettext_lazy("In 30 days")),
    ("", gettext_lazy("Never")),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """As typed; `wrong` has the sentences by the field."""

    visibility: str = Visibility.UNLISTED
    ends: str = str(7 * _DAY)
    password: str = ""
    views: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)

    @property
    def expires_in(self) -> int | None:
        """Seconds; None for a link that does not end."""
        return whole(self.ends)

    @property
    def max_views(self) -> int | None:
        """None for as many as want to."""
        return whole(self.views)


def read(post: QueryDict) -> Terms:
    """What was typed, and what is wrong with it."""
    named = {name: post.get(name, "").strip() for name in ("visibility", "ends", "views")}
    password, wrong = post.get("password", ""), {}
    if named["visibility"] not in Visibility.values:
        named["visibility"] = Visibility.UNLISTED
    if named["ends"] not in dict(ENDS):
        wrong["ends"] = _("Choose when the link ends.")
    if password and not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        told = _("A password has %(least)s to %(most)s characters.")
        wrong["password"] = told % {"least": PASSWORD_MIN, "most": PASSWORD_MAX}
    if named["views"] and not 1 <= (whole(named["views"]) or 0) <= VIEWS_MAX:
        told = _("A number of views is from 1 to %(most)s.")
        wrong["views"] = told % {"most": f"{VIEWS_MAX:,}"}
    return Terms(password=password, wrong=wrong, **named)
