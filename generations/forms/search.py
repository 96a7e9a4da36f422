"""The library's search: what was asked, in the words that the list of generations understands."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from generations import access
from generations.catalogue import registry
from generations.models import Status

_MOST = 200  # characters of a search
_STATUSES: dict[str, list[Status]] = {
    "": [Status.SUCCEEDED],
    "active": [status for status in Status if status.public in {"queued", "processing"}],
    "failed": [Status.FAILED, Status.CANCELLED],
    "all": [],
}
STATES: tuple[tuple[str, Promise | str], ...] = (
    ("", _("Done")),
    ("active", _("Under way")),
    ("failed", _("Failed or cancelled")),
    ("all", _("All")),
)


@dataclass(frozen=True, slots=True)
class Search:
    """`words` are looked for in prompts; `model` is an official name, `state` of STATES."""

    words: str = ""
    model: str = ""
    state: str = ""

    @property
    def given(self) -> bool:
        """Whether anything was asked at all."""
        return bool(self.query)

    @property
    def query(self) -> str:
        """The search as an address carries it; empty parts are left out."""
        parts = {"q": self.words, "model": self.model, "state": self.state}
        return urlencode({name: value for name, value in parts.items() if value})

    def wanted(self) -> access.Wanted:
        """As lists of generations take it: with a film or sound that is there."""
        return access.Wanted(
            words=self.words, model=self.model, statuses=_STATUSES[self.state], there=True
        )


def read(asked: QueryDict) -> Search:
    """The search of an address; what is unknown in it is left out."""
    spec = registry.resolve(asked.get("model", ""))
    state = asked.get("state", "")
    return Search(
        words=asked.get("q", "").strip()[:_MOST],
        model=spec.name if spec else "",
        state=state if state in _STATUSES else "",
    )
