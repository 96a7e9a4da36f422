"""Addresses of films, as OpenAPI describes them."""

from __future__ import annotations

from generations import sending
from kling_saas.api.headers import WAIT_MAX
from kling_saas.api.openapi import (
    BASE,
    IDEMPOTENCY,
    MOMENT,
    PAGE,
    Schema,
    answer,
    header,
    in_path,
    json_body,
    operation,
    query,
    ref,
)

_GENERATE = "generate"
_FILE: Schema = {"schema": {"type": "string", "format": "binary"}}
_UPLOAD = in_path("id", "The upload's id, `upl_…`.")


def _quotes(base: str) -> Schema:
    made, found = {"201": answer("The quote", "Quote")}, {"200": answer("The quote", "Quote")}
    return {
        base: {
            "post": operation(
                "Price a film bindingly", made, scope=_GENERATE, body=json_body("Film")
            )
        },
        f"{base}/{{id}}": {
            "parameters": [in_path("id", "The quote's id, `quo_…`.")],
            "get": operation("A quote", found, refuses=(404,)),
        },
    }


_PREFER = header("Prefer", f"wait=N holds the answer for up to N seconds, at most {WAIT_MAX}.")


def _create() -> Schema:
    return operation(
        "Order a film",
        {
            "200": answer("What a dry run found, or the film that was waited for", "Priced"),
            "202": answer("Accepted and held", "Generation"),
        },
        scope=_GENERATE,
        refuses=(402, 404, 409),
        body=json_body("Order"),
        parameters=[
            IDEMPOTENCY,
            _PREFER,
        ],
        description="With `model` a film, with `task` another product: GET /api/v1/tasks has the "
        "fields of each.",
    )


def _list() -> Schema:
    return operation(
        "Generations, newest first",
        {"200": answer("A page", "GenerationPage")},
        refuses=(404,),
        parameters=[
            *PAGE,
            query("status", "Only those that are this.", ref("Status")),
            query("model", "Only of this model."),
            query("kind", "Only of this kind: text2video, image2video or a task's name."),
            query("reference", "Only with exactly this `reference`."),
            query("end_user", "Only for this end user of yours."),
            query("from", "Only those ordered at this moment or later.", MOMENT),
            query("to", "Only those ordered before this moment.", MOMENT),
        ],
    )


def _about_one(base: str) -> Schema:
    one = {"parameters": [in_path("id", "The generation's id, `gen_…`.")]}
    stream: Schema = {"text/event-stream": {}}
    return {
        base: {
            **one,
            "get": operation(
                "A generation",
                {"200": answer("As it stands, or at its end", "Generation")},
                refuses=(404,),
                parameters=[_PREFER],
            ),
            "delete": operation(
                "Delete a generation that has ended",
                {"200": answer("As it stands", "Generation")},
                scope=_GENERATE,
                refuses=(404, 409),
                description="Repeatable. It is in no list any more, and its film in the trash; "
                "what it cost stays in the ledger. 409 not_finished while it is under way: "
                "cancel it.",
            ),
        },
        f"{base}/cancel": {
            **one,
            "post": operation(
                "Cancel while queued",
                {"200": answer("Cancelled, every credit back", "Generation")},
                scope=_GENERATE,
                refuses=(404, 409),
                description="Once it is handed over, the upstream makes it and nobody can stop "
                "it: 409 not_cancellable says so. It costs its credits if it succeeds, and "
                "nothing if it fails.",
            ),
        },
        f"{base}/content": {
            **one,
            "get": operation(
                "The film", {"302": {"description": "To the file"}}, refuses=(404, 409, 410)
            ),
        },
        f"{base}/events": {
            **one,
            "get": operation(
                "Every change as it happens",
                {
                    "200": {"description": "Server-sent events", "content": stream},
                    "204": {"description": "All was told"},
                },
                refuses=(404,),
                parameters=[header("Last-Event-ID", "The id of the last event seen.")],
                description="`generation.queued`, `generation.processing` and its end, each once "
                "with an id. While it waits, `generation.waiting` without one tells `position` "
                "and `eta` anew, every 2 to 15 seconds.",
            ),
        },
    }


def _catalogue(base: str) -> Schema:
    return {
        f"{base}/models": {"get": _public("Every model", "ModelList")},
        f"{base}/models/{{name}}": {
            "parameters": [in_path("name", "The model's official name, or an alias.")],
            "get": _public("A model, by its name or an alias of it", "Model", 404),
        },
        f"{base}/tasks": {"get": _public("Everything beside films", "TaskList")},
        f"{base}/tasks/{{name}}": {
            "parameters": [in_path("name", "The task's name, such as `lip-sync`.")],
            "get": _public("One product beside films, by its name", "Task", 404),
        },
    }


def _public(summary: str, name: str, *refuses: int) -> Schema:
    return operation(summary, {"200": answer(summary, name)}, scope=None, refuses=refuses)


def _things(base: str, sort: str) -> Schema:
    return {
        base: {
            "get": operation(
                f"Every {sort} that orders can name",
                {"200": answer("A page", "ThingPage")},
                refuses=(404,),
                parameters=PAGE,
                description="Kling's own ones stand before the first page of those you made.",
            )
        },
        f"{base}/{{id}}": {
            "parameters": [in_path("id", f"The {sort}'s id, as orders name it.")],
            "get": operation(
                f"One {sort}", {"200": answer("As it stands", "Thing")}, refuses=(404,)
            ),
            "delete": operation(
                f"Delete one {sort} of yours, at the service that keeps it and here",
                {"200": answer("Deleted", "Thing")},
                scope=_GENERATE,
                refuses=(404, 409),
                description="Repeatable. No order takes it from then on. If the service refuses "
                "(409 not_deletable) or gives no answer (503), it is as it was.",
            ),
        },
    }


def _upload() -> Schema:
    file = {**_FILE["schema"], "description": "The file."}
    form = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    content = {**dict.fromkeys(sending.TYPES, _FILE), "multipart/form-data": {"schema": form}}
    return operation(
        "Keep an image, a film or a sound",
        {"201": answer("The upload", "Upload")},
        scope=_GENERATE,
        body={"required": True, "content": content},
        description="The file as the body, or as `file` of a form. Images are kept as JPEG, or as "
        "PNG where one can see through them; films and sounds as they come.",
    )


def _events(base: str) -> Schema:
    return {
        base: {
            "get": operation(
                "Everything that was told, oldest first",
                {"200": answer("A page", "EventPage")},
                refuses=(404,),
                parameters=[
                    *PAGE,
                    query("type", "An event's word, or a pattern such as `generation.*`."),
                    query("since", "A moment such as 2026-11-01T12:00:00Z: events from it."),
                ],
                description="Keep the id of the last event you have seen, and give it as `after`: "
                "what comes after it is never missed.",
            )
        },
        f"{base}/{{id}}": {
            "parameters": [in_path("id", "The event's id, `evt_…`.")],
            "get": operation("An event", {"200": answer("The event", "Event")}, refuses=(404,)),
        },
    }


def _uploads(base: str) -> Schema:
    one = {"200": answer("The upload", "Upload")}
    return {
        base: {
            "get": operation(
                "Uploads, newest first",
                {"200": answer("A page", "UploadPage")},
                refuses=(404,),
                parameters=PAGE,
            ),
            "post": _upload(),
        },
        f"{base}/presign": {
            "post": operation(
                "Announce a file that is sent past the API",
                {"201": answer("Where to send it", "UploadAddress")},
                scope=_GENERATE,
                body=json_body("UploadAnnounced"),
                description="For what is too large for a request. PUT the file to `url` with "
                "`headers`, then complete it. What is not completed is deleted after a day.",
            ),
        },
        f"{base}/{{id}}": {
            "parameters": [_UPLOAD],
            "get": operation("An upload", one, refuses=(404,)),
            "delete": operation(
                "Delete an upload",
                {"204": {"description": "Deleted"}},
                scope=_GENERATE,
                refuses=(404, 409),
                description="409 needed while an order under way begins with it.",
            ),
        },
        f"{base}/{{id}}/complete": {
            "parameters": [in_path("id", "The announcement's id, `upl_…`.")],
            "post": operation(
                "Look at a file that was sent past the API, and keep it",
                one,
                scope=_GENERATE,
                refuses=(404, 409),
                description="Repeatable. The answer names the upload: another `id`, if the same "
                "file was sent before. 409 not_sent: nothing has come yet.",
            ),
        },
        f"{base}/incoming/{{token}}": {
            "parameters": [in_path("token", "As the announcement's `url` has it.")],
            "put": operation(
                "Send a file that was announced",
                {"200": {"description": "It came"}},
                scope=None,
                refuses=(404, 409, 415),
                body={"required": True, "content": dict.fromkeys(sending.TYPES, _FILE)},
                description="The address of an announcement, where the storage is our own; it "
                "needs no key.",
            ),
        },
    }


PATHS: Schema = {
    **_quotes(f"{BASE}/quotes"),
    f"{BASE}/generations": {"post": _create(), "get": _list()},
    **_about_one(f"{BASE}/generations/{{id}}"),
    **_catalogue(BASE),
    **_things(f"{BASE}/voices", "voice"),
    **_things(f"{BASE}/elements", "element"),
    **_uploads(f"{BASE}/uploads"),
    **_events(f"{BASE}/events"),
}
