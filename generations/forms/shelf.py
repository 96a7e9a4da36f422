"""The name of a collection, read from a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _

from generations.gallery.sorting import NAME_MAX


@dataclass(frozen=True, slots=True)
class Naming:
    """As typed: a collection's `name`, that of a `new` one, and what was `wrong` with either."""

    name: str = ""
    new: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)


def name_of(post: QueryDict) -> str:
    """What was typed, without needless blanks."""
    return " ".join(post.get("name", "").split())


def fault_of(name: str) -> str:
    """Why this is no name; empty where it is one."""
    if name and len(name) <= NAME_MAX and name.isprintable():
        return ""
    return _("A collection has a name of 1 to %(most)s plain characters.") % {"most": NAME_MAX}
