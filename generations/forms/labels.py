"""What is written on a film: its title and its tags, read from a form."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _

from generations.gallery.labels import TAG_MAX, TAGS_MAX, TITLE_MAX


@dataclass(frozen=True, slots=True)
class Labels:
    """As typed; `wrong` has the sentences by the field."""

    title: str = ""
    typed: str = ""
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def tags(self) -> list[str]:
        """Each once, in the order given; they stand between commas."""
        return tags_of(self.typed)


def tags_of(typed: str) -> list[str]:
    """The tags of a line, each once."""
    found = (" ".join(each.split()) for each in typed.replace("，", ",").split(","))
    return list(dict.fromkeys(filter(None, found)))


def faults_of(tags: list[str]) -> str:
    """What is wrong with these tags; empty where nothing is."""
    if len(tags) > TAGS_MAX:
        return _("At most %(most)s tags.") % {"most": TAGS_MAX}
    if any(len(each) > TAG_MAX or not each.isprintable() for each in tags):
        return _("A tag has at most %(most)s plain characters.") % {"most": TAG_MAX}
    return ""


def read(post: QueryDict) -> Labels:
    """What was typed, and what is wrong with it."""
    title, typed = " ".join(post.get("title", "").split()), post.get("tags", "").strip()
    wrong = {}
    if len(title) > TITLE_MAX or not title.isprintable():
        wrong["title"] = _("A title has at most %(most)s plain characters.") % {"most": TITLE_MAX}
    if fault := faults_of(tags_of(typed)):
        wrong["tags"] = fault
    return Labels(title, typed, wrong)
