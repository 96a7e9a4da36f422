"""What can be ordered, and what it costs."""

from __future__ import annotations

from kling_saas_client.api import segment
from kling_saas_client.binding import K, operation
from kling_saas_client.decoding import decode
from kling_saas_client.objects.catalogue import Model, Task
from kling_saas_client.objects.prices import PriceBook
from kling_saas_client.resources.resource import Resource
from kling_saas_client.steps import Flow


class Models(Resource[K]):
    """/models"""

    @operation
    def list(self) -> Flow[list[Model]]:
        """Every model of films."""
        found = yield from self.bound_to.call("GET", "/models")
        return [decode(Model, each) for each in found["data"]]

    @operation
    def get(self, name: str) -> Flow[Model]:
        """One, by its name or an alias of it."""
        return decode(Model, (yield from self.bound_to.call("GET", f"/models/{segment(name)}")))


class Tasks(Resource[K]):
    """/tasks"""

    @operation
    def list(self) -> Flow[list[Task]]:
        """Every product beside films from words and pictures."""
        found = yield from self.bound_to.call("GET", "/tasks")
        return [decode(Task, each) for each in found["data"]]

    @operation
    def get(self, name: str) -> Flow[Task]:
        """One, by its name."""
        return decode(Task, (yield from self.bound_to.call("GET", f"/tasks/{segment(name)}")))


class Prices(Resource[K]):
    """/prices"""

    @operation
    def get(self) -> Flow[PriceBook]:
        """Every price in force, as the key's organisation pays it."""
        return decode(PriceBook, (yield from self.bound_to.call("GET", "/prices")))
