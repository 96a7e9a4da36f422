"""What every part of the API is: methods below one path, bound to a client."""

from __future__ import annotations

from kling_saas_client.api import Api
from kling_saas_client.binding import Bound, K


class Resource(Bound[K]):
    """Made by a client, which is all that has these."""

    def __init__(self, api: Api) -> None:
        self.bound_to = api
