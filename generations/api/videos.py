"""The library over the native API: films found, labelled, thrown away, one by one or many."""

from __future__ import annotations

import re

from django.http import HttpRequest, JsonResponse

from accounts.api.endpoint import Endpoint
from billing import filters
from generations import terms
from generations.api import films
from generations.api.bodies import body, line, lines, required
from generations.catalogue.reading import Reader
from generations.errors import NotKept
from generations.gallery import finding, labels, listing, sorting, trash
from generations.models import Video
from kling_saas.api import pagination
from kling_saas.api.errors import InvalidQuery

BULK_MAX = 100
ACTIONS = ("trash", "restore", "favourite", "unfavourite", "add_to", "remove_from")
_INTO = ("add_to", "remove_from")
_TEXTS = {"q": 200, "reference": 255, "collection": 80, **dict.fromkeys(terms.FACTS, 60)}
_METADATA = re.compile(r"metadata\[(.*)\]", re.DOTALL)
_METADATA_MOST, _KEY_LONGEST, _METADATA_LONGEST = 16, 40, 500


class VideosView(Endpoint):
    """/api/v1/videos"""

    takes = pagination.paged("from", "to", "favourite", "trashed", *_TEXTS, "metadata[key]")

    def get(self, request: HttpRequest) -> JsonResponse:
        """Films, newest first, in pages."""
        page = pagination.wanted(request)
        found = listing.page(self.actor, _wanted(request), after=page.after, limit=page.limit)
        return JsonResponse(pagination.as_json(films.many(self.actor, found.films), found.after))


def _wanted(request: HttpRequest) -> listing.Wanted:
    """The filters of an address. Raises InvalidQuery."""
    asked = request.GET
    entries = {m[1]: asked[name] for name in asked if (m := _METADATA.fullmatch(name))}
    short = all(
        1 <= len(key) <= _KEY_LONGEST and len(value) <= _METADATA_LONGEST
        for key, value in entries.items()
    )
    if len(entries) > _METADATA_MOST or not short:
        raise InvalidQuery(
            "metadata",
            f"metadata[key] is looked for in at most {_METADATA_MOST} keys of 1 to {_KEY_LONGEST} "
            f"characters, with at most {_METADATA_LONGEST} each.",
        )
    texts = {name: asked.get(name, "").strip() for name in _TEXTS}
    for name, value in texts.items():
        if len(value) > _TEXTS[name] or not value.isprintable():
            raise InvalidQuery(name, f"{name} must be at most {_TEXTS[name]} plain characters.")
    if len(terms.said(texts["q"])) > terms.SEARCH_MOST:
        raise InvalidQuery("q", f"q must have at most {terms.SEARCH_MOST} different words.")
    period = filters.read({name: asked.get(name, "") for name in ("from", "to")})
    return listing.Wanted(
        words=texts["q"],
        facts={name: texts[name] for name in terms.FACTS if texts[name]},
        reference=texts["reference"],
        metadata=entries,
        favourite=flag(request, "favourite"),
        collection=texts["collection"],
        since=period.since,
        until=period.until,
        trashed=bool(flag(request, "trashed")),
    )


class VideoView(Endpoint):
    """/api/v1/videos/{id}"""

    takes = {"DELETE": ("permanently",)}

    def get(self, request: HttpRequest, name: str) -> JsonResponse:
        """One film by its id or its generation's, in the trash too."""
        film = finding.one(self.actor, name)
        if film.over:
            raise NotKept(f"{film.public_id} {film.farewell}.")
        return JsonResponse(films.one(self.actor, film))

    def patch(self, request: HttpRequest, name: str) -> JsonResponse:
        """Set `favourite`, `title` or `tags`; what is not sent stays as it is."""
        with body(request, "favourite", "title", "tags") as reader:
            given = {
                "favourite": bool(reader.flag("favourite")),
                "title": line(reader, "title", labels.TITLE_MAX),
                "tags": lines(reader, "tags", most=labels.TAGS_MAX, longest=labels.TAG_MAX),
            }
            sent = {field: value for field, value in given.items() if field in reader.fields}
        return JsonResponse(films.one(self.actor, labels.write(self.actor, name, **sent)))

    def delete(self, request: HttpRequest, name: str) -> JsonResponse:
        """Into the trash; with `permanently=true` its files go now, for good. Repeatable."""
        if flag(request, "permanently"):
            film = trash.destroy(self.actor, name)
        else:
            (film,) = trash.put_in(self.actor, [name])
        return JsonResponse(films.one(self.actor, film))


class RestoreView(Endpoint):
    """/api/v1/videos/{id}/restore"""

    def post(self, request: HttpRequest, name: str) -> JsonResponse:
        """Out of the trash, and its generation back into the lists. Repeatable."""
        (film,) = trash.take_out(self.actor, [name])
        return JsonResponse(films.one(self.actor, film))


class BulkView(Endpoint):
    """/api/v1/videos/bulk"""

    def post(self, request: HttpRequest) -> JsonResponse:
        """One action on up to 100 films: all of them, or none when one is refused."""
        with body(request, "ids", "action", "collection") as reader:
            ids = _ids(reader)
            action = reader.choice("action", ACTIONS, {}) or ""
            shelf = line(reader, "collection", 80)
            required(reader, "action")
            if action in _INTO:
                required(reader, "collection")
        found = self._carried_out(action, ids, shelf)
        return JsonResponse(pagination.as_json(films.many(self.actor, found), None))

    def _carried_out(self, action: str, ids: list[str], shelf: str) -> list[Video]:
        if action in _INTO:
            place = sorting.put if action == "add_to" else sorting.take
            return place(self.actor, shelf, ids)
        if action in ("favourite", "unfavourite"):
            return labels.mark(self.actor, ids, favourite=action == "favourite")
        return (
            trash.put_in(self.actor, ids) if action == "trash" else trash.take_out(self.actor, ids)
        )


def _ids(reader: Reader) -> list[str]:
    ids = list(reader.tokens("ids"))
    if required(reader, "ids") and not reader.findings.refused("ids"):
        if len(ids) > BULK_MAX:
            reader.too_many("ids", len(ids), BULK_MAX)
        elif not ids:
            limit = f"1 to {BULK_MAX} ids"
            reader.findings.refuse("ids", "required", "is empty", limit=limit, way_out="send ids")
    return ids


def flag(request: HttpRequest, name: str) -> bool | None:
    """A parameter that is true or false; None when it is not there. Raises InvalidQuery."""
    value = request.GET.get(name, "")
    if value not in ("", "true", "false"):
        raise InvalidQuery(name, f"{name} must be true or false.")
    return {"true": True, "false": False}.get(value)
