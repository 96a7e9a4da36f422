"""Every request that the reference shows is sent as it stands, with things of the reader's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from accounts import tenancy
from accounts.models import Membership
from accounts.models.organisation import Role
from kling_saas.web.docs import examples, reader
from kling_saas.web.docs.pages import PAGES
from kling_saas.web.docs.reference import GROUPS
from tests.documents import METHODS, Operation, operations
from tests.generations.api.test_document import BASE, FILE, REFUSED, Things, key_for, program
from tests.generations.programs import funded
from tests.people import Customer, customer
from tests.waiting import until
from tests.web import snippets
from tests.web.snippets import Snippet

WORDS = {f"reference-{group.slug}": group.words for group in GROUPS if group.words}
_ELSEWHERE = f"PUT {BASE}/uploads/incoming/{{token}}"  # the reference tells it without an example


@dataclass(frozen=True, slots=True)
class Said:
    """What a program printed, as an answer."""

    text: str

    def json(self) -> Any:
        return json.loads(self.text)


def _with_a_colleague() -> Customer:
    made, bob = funded(), customer("bob").user
    with tenancy.scope(made.organisation.pk):
        Membership.objects.create(organisation=made.organisation, user=bob, role=Role.CREATOR)
    return made


def _shown(
    site: str, slug: str, language: str, whole: dict[str, Any]
) -> Iterator[tuple[Operation, Snippet]]:
    """Each operation with its program; what takes things away comes last."""
    page = requests.get(site + PAGES[slug].path, timeout=60).text
    programs = [each for each in snippets.of(page) if each.language == language]
    names = [
        f"{method.upper()} {path}"
        for path, item in whole["paths"].items()
        if path.removeprefix(f"{BASE}/").partition("/")[0] in WORDS[slug]
        for method in METHODS
        if method in item
    ]
    found = dict(zip((n for n in names if n != _ELSEWHERE), programs, strict=True))
    for each in operations(whole):
        if str(each) in found:
            yield each, found[str(each)]


@pytest.mark.parametrize("language", sorted(snippets.COMMANDS))
@pytest.mark.parametrize("slug", sorted(WORDS))
def test_every_request_of_the_reference_is_answered(
    site: str, slug: str, language: str, tmp_path: Path
) -> None:
    (tmp_path / examples.FILE).write_bytes(FILE)
    alice = _with_a_colleague()
    api = program(site, alice)
    whole = requests.get(f"{site}{BASE}/openapi.json", timeout=60).json()
    things = Things(site, alice.test_key, api, whole)
    things.one("text2video")  # of which events and the log tell
    until(lambda: api.get(f"{BASE}/requests").json()["data"], what="a call in the log")
    wrong = []
    for each, snippet in _shown(site, slug, language, whole):
        key = key_for(alice, each.method, each.path)
        code = things.real(snippet.code.replace(reader.NOBODYS, key))
        ended, said = snippets.done(replace(snippet, code=code), tmp_path)
        if (ended != 0) != (str(each) in REFUSED):
            wrong.append(f"{each}\n{code}\n{said[-600:]}")
        elif ended == 0:
            things.after(each, Said(said))  # type: ignore[arg-type]
    assert wrong == []
