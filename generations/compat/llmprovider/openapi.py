"""llmprovider's dialect as OpenAPI describes it: one product, a flat task, OpenAI's errors."""

from __future__ import annotations

from generations.catalogue import registry, samples
from generations.compat import describing
from generations.compat.describing import BESIDES, Dialect, body, created
from generations.compat.llmprovider.errors import refuse
from generations.compat.llmprovider.views import KIND
from generations.wire.kling import documentation
from generations.wire.llmprovider import server
from generations.wire.llmprovider.client import NAMES, PATH
from kling_saas.api.openapi import IDEMPOTENCY, Schema, answer

PREFIX = "llmprovider"
_ERRORS = {
    400: "Not readable, or a value that is refused",
    401: "No key, or one that opens nothing",
    402: "Not enough credits, or a cap",
    403: "The key may not do this",
    404: "No such task",
    409: "The Idempotency-Key or external_task_id belongs to another order, or to one under way",
    429: "Too many requests, or unfinished tasks",
    500: "A fault of ours",
    503: "Nobody can serve it at the moment",
}
_DIALECT = Dialect(
    prefix=PREFIX,
    title="llmprovider's dialect of Kling SaaS",
    description="Kling's order with `model`, and Kling's task without an envelope. Its page sells "
    f"{' and '.join(server.MODELS)}; here the names of Kling's other models are taken as well.",
    keys={"key": {"type": "http", "scheme": "bearer", "description": "An API key, `ksk_…`."}},
    errors=_ERRORS,
    error=describing.OPENAI_ERROR,
    statuses={422: 400},
)


def _order() -> Schema:
    specs = [spec for spec in registry.SPECS if KIND in spec.kinds]
    names = [*server.MODELS, *(spec.name for spec in specs)]
    film = documentation.film_properties(specs, pictured=False)
    return {
        "type": "object",
        "properties": {"model": {"enum": names}, **film, **BESIDES},
        "required": ["model"],
    }


_EXAMPLE = {"model": NAMES["kling-v1-6"], "prompt": samples.ORDERS[KIND]["prompt"]}
_PATHS: Schema = {
    PATH: {
        "post": _DIALECT.operation(
            "createVideo",
            "Film from words",
            {"200": created("Accepted", "Created", "/task_id", ("getVideo", "task_id"))},
            refuses=(402,),
            body=body("Order", _EXAMPLE),
            parameters=[IDEMPOTENCY],
        )
    },
    f"{PATH}/{{task_id}}": {
        "parameters": [
            describing.in_path("task_id", "Its id, or your `external_task_id`.", samples.of(KIND))
        ],
        "get": _DIALECT.operation(
            "getVideo", "A task", {"200": answer("As it stands", "Task")}, refuses=(404,)
        ),
    },
}
_SCHEMAS: Schema = {
    "Order": _order(),
    "Created": documentation.CREATED,
    "Task": documentation.task_schema(),
}


def document(host: str) -> Schema:
    """The whole."""
    return _DIALECT.document(_PATHS, _SCHEMAS, host)


view = describing.served(document, refuse)
