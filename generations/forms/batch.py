"""Many films from one text: a prompt a line, or a CSV whose first line names its columns."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from generations.catalogue.newcomers import FIRST_MODEL
from generations.forms.order import Order

SHARED = ("model", "mode", "duration", "aspect_ratio")
COLUMNS = ("prompt", "negative_prompt", *SHARED)
TEXT_MAX = 500_000  # characters


@dataclass(slots=True)
class Batch:
    """The form as typed: settings for all, and the text; a CSV's columns come before them."""

    model: str = FIRST_MODEL
    mode: str = ""
    duration: str = "5"
    aspect_ratio: str = "16:9"
    text: str = ""
    problem: str = ""
    rows: list[dict[str, str]] = field(default_factory=list)

    def orders(self) -> list[dict[str, Any]]:
        """Each row in native words."""
        shared = {name: getattr(self, name) for name in SHARED}
        rows: list[dict[str, Any]] = [{**shared, **row} for row in self.rows]
        return [Order(**row).fields() for row in rows]


def read(post: QueryDict, most: int) -> Batch:
    """The form; `problem` says what stands against its text as a whole."""
    batch = Batch()
    for name in SHARED:
        if value := post.get(name, "").strip():
            setattr(batch, name, value)
    batch.text = post.get("text", "").replace("\r\n", "\n")[:TEXT_MAX]
    lines = [line for line in batch.text.split("\n") if line.strip()]
    if _is_csv(lines):
        _read_csv(batch)
    else:
        batch.rows = [{"prompt": line.strip()} for line in lines]
    if not batch.problem and not batch.rows:
        batch.problem = _("Write at least one prompt.")
    if len(batch.rows) > most:
        told = {"rows": len(batch.rows), "most": most}
        batch.problem = _("These are %(rows)s films, the limit is %(most)s at once.") % told
    return batch


def _is_csv(lines: list[str]) -> bool:
    names = {name.strip().casefold() for name in lines[0].split(",")} if lines else set()
    return "prompt" in names


def _read_csv(batch: Batch) -> None:
    table = csv.DictReader(io.StringIO(batch.text.lstrip("\n")), skipinitialspace=True)
    table.fieldnames = [name.strip().casefold() for name in table.fieldnames or ()]
    unknown = [name for name in table.fieldnames if name not in COLUMNS]
    if unknown:
        told = {"names": ", ".join(unknown)[:200], "known": ", ".join(COLUMNS)}
        batch.problem = _("Unknown columns: %(names)s. Known are %(known)s.") % told
        return
    try:
        rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in table]
    except csv.Error as error:
        batch.problem = _("This CSV cannot be read: %(why)s.") % {"why": error}
        return
    batch.rows = [{k: v for k, v in row.items() if v} for row in rows if any(row.values())]
