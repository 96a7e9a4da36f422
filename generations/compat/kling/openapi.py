"""Kling's dialect as OpenAPI describes it: create, query and list of every product."""

from __future__ import annotations

from django.conf import settings

from generations.catalogue import samples
from generations.catalogue.params import FILMS, Kind
from generations.catalogue.products.presets import Sort
from generations.catalogue.products.product import Product
from generations.catalogue.products.registry import PRODUCTS
from generations.compat import describing
from generations.compat.describing import BESIDES, Dialect, body, created
from generations.compat.kling.errors import refuse
from generations.compat.kling.paging import NUMBER_MAX, SIZE_DEFAULT, SIZE_MAX, VOICES_MAX
from generations.wire.kling import codes, documentation, own, products
from kling_saas.api.openapi import (
    IDEMPOTENCY,
    TEXT,
    WHOLE,
    Schema,
    answer,
    capitalised,
    object_of,
    query,
    ref,
)

PREFIX = "kling"
_BEARER: Schema = {"type": "http", "scheme": "bearer"}
_KEYS: dict[str, Schema] = {
    "jwt": {
        **_BEARER,
        "bearerFormat": "JWT",
        "description": "HS256, signed with the secret key of an access-key pair. Claims: `iss` the "
        "access key, `exp` at most half an hour from now, `nbf` 5 seconds ago.",
    },
    "key": {**_BEARER, "description": "An API key, `ksk_…`, as it is."},
}
_DESCRIPTION = (
    "The first standard of Kling's video API, with its paths, fields and codes. What a model lacks "
    "is dropped, and told in `warnings`, where a film can be made without it; so are members that "
    "nobody knows. `//` before an id and `/` after one are borne."
)
_ERRORS = {
    400: "Not readable, or a value that is refused: 1200, 1201, 1203, 1300, 1301",
    401: "No credential, or one that opens nothing: 1000 to 1004",
    402: "Not enough credits, or a cap: 1102",
    403: "Not allowed: 1103",
    404: "No such task, or nothing at this address: 1202, 1203",
    429: "Too many requests or unfinished tasks: 1302, 1303",
    500: "A fault of ours: 5000",
    503: "Nobody can serve it at the moment: 5001",
    504: "Not made in time: 5002",
}
_MOMENT: Schema = {"type": "string", "pattern": "^[0-9]{1,13}$"}


def document(host: str) -> Schema:
    """The whole; statuses as KLING_DIALECT_STATUS has them."""
    official = settings.KLING_DIALECT_STATUS == "official"
    balance = codes.encode_error(
        codes.BALANCE_EMPTY, "", "", status_style="official" if official else "seed"
    ).status
    dialect = Dialect(
        prefix=PREFIX,
        title="Kling's dialect of Kling SaaS",
        description=_DESCRIPTION,
        keys=_KEYS,
        errors=_ERRORS,
        error=object_of(
            "code message request_id",
            code={"enum": sorted(codes.CODES)},
            message=TEXT,
            request_id=TEXT,
        ),
        statuses={402: balance, 409: 400, 422: 400},
    )
    kinds: list[Kind] = [*FILMS, *PRODUCTS]
    paths: Schema = {}
    for kind in kinds:
        paths |= _product(dialect, kind)
    schemas = _enveloped("Created", documentation.CREATED)
    for kind in kinds:
        schemas |= _schemas(kind)
    return dialect.document(paths | _own(dialect) | _costs(dialect), schemas | _OTHERS, host)


def _name(kind: Kind) -> str:
    return capitalised(kind.split("-"))


def _schemas(kind: Kind) -> Schema:
    name = _name(kind)
    order = documentation.order_schema(kind)
    whole = {**order, "properties": order["properties"] | BESIDES}
    task = documentation.task_schema(PRODUCTS.get(kind))
    return {
        f"{name}Order": whole,
        **_enveloped(f"{name}Task", task),
        **_enveloped(f"{name}List", {"type": "array", "items": ref(f"{name}Task")}),
    }


def _enveloped(name: str, schema: Schema) -> Schema:
    """The schema, and the answer that has it as `data`."""
    whole = object_of(
        "code message request_id data",
        code={"const": codes.OK},
        message=TEXT,
        request_id=TEXT,
        data=ref(name),
    )
    return {name: schema, f"{name}Answer": whole}


def _product(dialect: Dialect, kind: Kind) -> Schema:
    name, product, path = _name(kind), PRODUCTS.get(kind), products.path(kind)
    label = describing.in_path(
        "task_id", "Its `task_id`, or the `external_task_id` that it was given.", samples.of(kind)
    )
    most = VOICES_MAX if product and product.gives == "voice_id" else SIZE_MAX
    return {
        path: {
            "post": _create(dialect, kind, product),
            "get": dialect.operation(
                f"list{name}",
                "Tasks of this kind, newest first",
                {"200": answer("A page", f"{name}ListAnswer")},
                refuses=(400,),
                parameters=[
                    describing.page_number("pageNum", NUMBER_MAX, 1, "Which page."),
                    describing.page_number("pageSize", most, SIZE_DEFAULT, "How many in one."),
                ],
            ),
        },
        f"{path}/{{task_id}}": {
            "parameters": [label],
            "get": dialect.operation(
                f"get{name}",
                "A task of this kind",
                {"200": answer("As it stands", f"{name}TaskAnswer")},
                refuses=(404,),
            ),
        },
    }


def _create(dialect: Dialect, kind: Kind, product: Product | None) -> Schema:
    name, at_once = _name(kind), bool(product and product.at_once)
    title = (
        product.title
        if product
        else "Film from words"
        if kind == FILMS[0]
        else "Film from a picture"
    )
    made = f"{name}TaskAnswer" if at_once else "CreatedAnswer"
    told = created("Accepted", made, "/data/task_id", (f"get{name}", "task_id"))
    if at_once:
        schema = {"anyOf": [ref(made), ref("CreatedAnswer")]}
        told["content"]["application/json"]["schema"] = schema
    return dialect.operation(
        f"create{name}",
        title,
        {"200": told},
        refuses=(402, 404, *((504,) if at_once else ())),
        body=body(f"{name}Order", documentation.example(kind)),
        parameters=[IDEMPOTENCY],
        description=_AT_ONCE if at_once else "",
    )


_AT_ONCE = (
    "The answer is the result: the call is held until it is there. A task that is not there in "
    "time is answered as accepted."
)


def _own(dialect: Dialect) -> Schema:
    pages = [
        describing.page_number("pageNum", NUMBER_MAX, 1, "Which page."),
        describing.page_number("pageSize", SIZE_MAX, SIZE_DEFAULT, "How many in one."),
    ]
    listed = {
        each.path: {
            "get": dialect.operation(
                f"list{_name(each.path.rpartition('/')[2])}",
                f"{each.sort.title()}s of Kling's own",
                {"200": answer("A page, as finished tasks", "PresetsAnswer")},
                refuses=(400,),
                parameters=pages,
            )
        }
        for each in own.PRESETS
    }
    return listed | {
        each.path: {
            "post": dialect.operation(
                _camel(each.path),
                f"Delete one {each.sort} of yours",
                {"200": answer("Deleted; again is no error", "DeletedAnswer")},
                refuses=(404,),
                body=body(_named(each.sort), {f"{each.sort}_id": samples.THINGS[each.sort]}),
            )
        }
        for each in own.DELETIONS
    }


def _camel(path: str) -> str:
    name = _name(path.rpartition("/")[2])
    return name[0].lower() + name[1:]


def _named(sort: Sort) -> Schema:
    return object_of(f"{sort}_id", **{f"{sort}_id": {"type": ["string", "integer"]}})


def _costs(dialect: Dialect) -> Schema:
    return {
        "/account/costs": {
            "get": dialect.operation(
                "getCosts",
                "What is left, as one resource pack",
                {"200": answer("In Kling's units: credits ÷ 10", "CostsAnswer")},
                refuses=(400,),
                parameters=[
                    {**query("start_time", "Unix milliseconds.", _MOMENT), "required": True,
                     "example": "1764000000000"},
                    {**query("end_time", "Unix milliseconds.", _MOMENT), "required": True,
                     "example": "1764086400000"},
                    query("resource_pack_name", "Only the pack of this name."),
                ],
            )
        }
    }  # fmt: skip


_PRESET = object_of(
    "task_id task_status task_status_msg task_result created_at updated_at",
    task_id=TEXT,
    task_status={"const": "succeed"},
    task_status_msg=TEXT,
    task_result={"type": "object"},
    created_at=WHOLE,
    updated_at=WHOLE,
)
_PACK = object_of(
    "resource_pack_name resource_pack_id resource_pack_type total_quantity remaining_quantity "
    "status",
    resource_pack_name=TEXT,
    resource_pack_id=TEXT,
    resource_pack_type={"const": "decreasing_total"},
    total_quantity=TEXT,
    remaining_quantity=TEXT,
    status={"enum": ["online", "runOut"]},
)
_OTHERS: Schema = {
    **_enveloped("Presets", {"type": "array", "items": ref("Preset")}),
    "Preset": _PRESET,
    **_enveloped(
        "Deleted", object_of("task_id task_status", task_id=TEXT, task_status={"const": "succeed"})
    ),
    **_enveloped(
        "Costs",
        object_of(
            "code msg resource_pack_subscribe_infos",
            code={"const": codes.OK},
            msg=TEXT,
            resource_pack_subscribe_infos={"type": "array", "items": ref("Pack")},
        ),
    ),
    "Pack": _PACK,
}
view = describing.served(document, refuse)
