"""Addresses of the library, as OpenAPI describes them."""

from __future__ import annotations

from django.conf import settings

from generations import terms
from generations.api.videos import ACTIONS, BULK_MAX
from generations.gallery import labels, sharing, sorting
from generations.models.library import DEEPEST
from generations.models.share import Visibility
from kling_saas.api.openapi import (
    ADDRESS,
    ANY_OBJECT,
    BASE,
    FLAG,
    MOMENT,
    PAGE,
    TEXT,
    WHOLE,
    WORDS,
    Schema,
    answer,
    body_of,
    in_path,
    json_body,
    list_of,
    maybe,
    object_of,
    operation,
    page_of,
    query,
)

_GENERATE = "generate"
_FILM = in_path("id", "The film's id, `vid_…`, or its generation's, `gen_…`.")
_SHELF = in_path("id", "The collection's id, `col_…`.")
_FLAG_WORDS: Schema = {"enum": ["true", "false"]}


def _film(base: str) -> Schema:
    whole = {"200": answer("The film as it stands", "LibraryVideo")}
    return {
        base: {
            "parameters": [_FILM],
            "get": operation(
                "A film", whole, refuses=(404, 410), description="By its id or its generation's."
            ),
            "patch": operation(
                "Label a film",
                whole,
                scope=_GENERATE,
                refuses=(404,),
                body=json_body("VideoLabels"),
            ),
            "delete": operation(
                "Put a film into the trash, or delete it for good",
                whole,
                scope=_GENERATE,
                refuses=(404, 409),
                parameters=[
                    query("permanently", "true: its files are deleted now.", _FLAG_WORDS),
                ],
                description="Repeatable; `id` is the film's or its generation's. In the trash it "
                "is in no list but the trash's, and no share link shows it, until it is restored "
                "or, at `kept_until`, deleted; its owner's signed links play. For good is 409 "
                "needed while an order under way begins with it. The generation and its entries "
                "in the ledger stay.",
            ),
        },
        f"{base}/restore": {
            "parameters": [_FILM],
            "post": operation(
                "Take a film out of the trash",
                whole,
                scope=_GENERATE,
                refuses=(404, 410),
                description="Repeatable. A deleted generation is in the lists again.",
            ),
        },
    }


_FACTS = {
    "model": "Only films by this model.",
    "kind": "Only of this kind: text2video, image2video or a task's name.",
    "mode": "Only in this mode: std, pro or 4k.",
    "aspect_ratio": "Only of this ratio, as it was ordered: 16:9, 9:16 or 1:1.",
    "door": "Only those ordered there: native, website, kling, segmind, llmprovider or openai.",
}


def _films(base: str) -> Schema:
    return {
        base: {
            "get": operation(
                "The library: films, newest first",
                {"200": answer("A page", "LibraryPage")},
                refuses=(404,),
                parameters=[
                    *PAGE,
                    query(
                        "q",
                        "Words that must all stand in the prompt, a shot's prompt, the text that "
                        "is spoken, the title or the tags: whole ones, or their first three and "
                        "more letters, large and small alike. At most "
                        f"{terms.SEARCH_MOST} different ones; of scripts without blanks each "
                        "letter but one counts.",
                    ),
                    *(query(name, _FACTS[name]) for name in terms.FACTS),
                    query("reference", "The whole reference."),
                    query("metadata[key]", "The whole value of an entry; several must all match."),
                    query("favourite", "true or false.", _FLAG_WORDS),
                    query("collection", "Only films in this collection."),
                    query("from", "A day or a moment, UTC: films from it."),
                    query("to", "Films up to that day with it, up to that moment without it."),
                    query("trashed", "true: those in the trash instead.", _FLAG_WORDS),
                ],
            ),
        },
        f"{base}/bulk": {
            "post": operation(
                "Do one thing with up to 100 films",
                {"200": answer("The films as they stand", "LibraryPage")},
                scope=_GENERATE,
                refuses=(404, 410),
                body=json_body("VideosBulk"),
                description="All of them, or none when one is refused.",
            ),
        },
    }


def _shelves(base: str) -> Schema:
    one = {"200": answer("The collection", "Collection")}
    film = {"200": answer("The film", "LibraryVideo")}
    return {
        base: {
            "get": operation(
                "Collections, newest first",
                {"200": answer("A page", "CollectionPage")},
                refuses=(404,),
                parameters=[
                    *PAGE,
                    query("parent", "Only those in this collection; `none`: those on top."),
                ],
            ),
            "post": operation(
                "Make a collection",
                {"201": answer("Made", "Collection")},
                scope=_GENERATE,
                refuses=(404, 409),
                body=json_body("CollectionName"),
            ),
        },
        f"{base}/{{id}}": {
            "parameters": [_SHELF],
            "get": operation("A collection", one, refuses=(404,)),
            "patch": operation(
                "Rename or move a collection",
                one,
                scope=_GENERATE,
                refuses=(404, 409),
                body=json_body("CollectionChange"),
            ),
            "delete": operation(
                "Delete a collection and those in it",
                {"204": {"description": "Deleted; every film stays"}},
                scope=_GENERATE,
                refuses=(404,),
            ),
        },
        f"{base}/{{id}}/videos/{{video}}": {
            "parameters": [_SHELF, {**_FILM, "name": "video"}],
            "put": operation("Put a film into a collection", film, scope=_GENERATE, refuses=(404,)),
            "delete": operation(
                "Take a film out of a collection", film, scope=_GENERATE, refuses=(404,)
            ),
        },
    }


def _shares() -> Schema:
    return {
        f"{BASE}/videos/{{id}}/shares": {
            "parameters": [_FILM],
            "get": operation(
                "The links to a film",
                {"200": answer("Newest first, with those that ended lately", "SharePage")},
                parameters=PAGE,
                refuses=(404,),
            ),
            "post": operation(
                "Share a film by a link",
                {"201": answer("Made", "Share")},
                scope=_GENERATE,
                refuses=(404, 409, 410),
                body=json_body("ShareWanted"),
                description="Whoever has the link sees the film, its title, its length and that AI "
                "made it; not the prompt. With a password or a number of views the page asks "
                "first, and counts a visitor once in an hour. A film has at most "
                f"{settings.SHARES_MAX} open links.",
            ),
        },
        f"{BASE}/shares/{{id}}": {
            "parameters": [in_path("id", "The link's id, `shr_…`.")],
            "delete": operation(
                "Revoke a link",
                {"200": answer("Revoked", "Share")},
                scope=_GENERATE,
                refuses=(404,),
                description="Repeatable. Its page is gone at once, and addresses of files that it "
                "gave end within a minute.",
            ),
        },
    }


_PARENT = {**maybe(TEXT), "description": "The id of the collection above; null: on top."}
_NAME = {**TEXT, "minLength": 1, "maxLength": sorting.NAME_MAX}
PATHS: Schema = {
    **_films(f"{BASE}/videos"),
    **_film(f"{BASE}/videos/{{id}}"),
    **_shares(),
    **_shelves(f"{BASE}/collections"),
}
SCHEMAS: dict[str, Schema] = {
    "LibraryVideo": object_of(
        "id object livemode generation url expires_at kept_until watermark_url poster_url "
        "preview_url width height duration has_sound bytes sha256 model kind door input credits "
        "title tags favourite reference metadata collections shares created_at trashed_at "
        "deleted_at",
        id=TEXT,
        object={"const": "video"},
        livemode=FLAG,
        generation={**TEXT, "description": "The id of what made it."},
        url=maybe(ADDRESS),
        expires_at=maybe(MOMENT),
        kept_until=maybe(MOMENT),
        watermark_url=maybe(TEXT),
        poster_url=maybe(TEXT),
        preview_url=maybe(TEXT),
        width=WHOLE,
        height=WHOLE,
        duration={"type": "number", "description": "Seconds."},
        has_sound=FLAG,
        bytes=WHOLE,
        sha256=TEXT,
        model=TEXT,
        kind=TEXT,
        door=TEXT,
        input=ANY_OBJECT,
        credits=object_of("quoted charged", quoted=WHOLE, charged=maybe(WHOLE)),
        title=maybe(TEXT),
        tags=WORDS,
        favourite=FLAG,
        reference=maybe(TEXT),
        metadata=ANY_OBJECT,
        collections={**WORDS, "description": "The ids of those that it is in."},
        shares={
            **list_of("Share"),
            "description": f"Its {sharing.TOLD} newest open links.",
        },
        created_at=MOMENT,
        trashed_at=maybe(MOMENT),
        deleted_at=maybe(MOMENT),
    ),
    "LibraryPage": page_of("LibraryVideo"),
    "VideoLabels": body_of(
        "",
        favourite=FLAG,
        title={**maybe(TEXT), "maxLength": labels.TITLE_MAX},
        tags={
            "type": "array",
            "maxItems": labels.TAGS_MAX,
            "items": {**TEXT, "minLength": 1, "maxLength": labels.TAG_MAX},
        },
    ),
    "VideosBulk": body_of(
        "ids action",
        ids={"type": "array", "minItems": 1, "maxItems": BULK_MAX, "items": TEXT},
        action={"enum": list(ACTIONS)},
        collection={**TEXT, "description": "For `add_to` and `remove_from`."},
    ),
    "Share": object_of(
        "id object video url visibility password max_views views open expires_at revoked_at "
        "created_at",
        id=TEXT,
        object={"const": "share"},
        video=TEXT,
        url={**maybe(ADDRESS), "description": "Null if its key was taken out of our settings."},
        visibility={"enum": Visibility.values},
        password={**FLAG, "description": "Whether it asks for one."},
        max_views=maybe(WHOLE),
        views=WHOLE,
        open=FLAG,
        expires_at=maybe(MOMENT),
        revoked_at=maybe(MOMENT),
        created_at=MOMENT,
    ),
    "SharePage": page_of("Share"),
    "ShareWanted": body_of(
        "",
        expires_in={
            **WHOLE,
            "minimum": sharing.EXPIRES_MIN,
            "maximum": sharing.EXPIRES_MAX,
            "description": "Seconds.",
        },
        password={
            **TEXT,
            "minLength": sharing.PASSWORD_MIN,
            "maxLength": sharing.PASSWORD_MAX,
        },
        max_views={**WHOLE, "minimum": 1, "maximum": sharing.VIEWS_MAX},
        visibility={
            "enum": Visibility.values,
            "default": Visibility.UNLISTED.value,
            "description": "Search engines are asked to leave an unlisted page out.",
        },
    ),
    "Collection": object_of(
        "id object livemode name parent depth videos created_at",
        id=TEXT,
        object={"const": "collection"},
        livemode=FLAG,
        name=TEXT,
        parent=_PARENT,
        depth={**WHOLE, "minimum": 1, "maximum": DEEPEST},
        videos={**WHOLE, "description": "Films in it that are not in the trash."},
        created_at=MOMENT,
    ),
    "CollectionPage": page_of("Collection"),
    "CollectionName": body_of("name", name=_NAME, parent=_PARENT),
    "CollectionChange": body_of("", name=_NAME, parent=_PARENT),
}
