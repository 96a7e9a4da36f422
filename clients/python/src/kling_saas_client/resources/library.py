"""The library: films found, labelled and thrown away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kling_saas_client.api import PAGE, given, segment
from kling_saas_client.binding import K, iteration, operation
from kling_saas_client.decoding import decode, reader
from kling_saas_client.objects.films import LibraryVideo
from kling_saas_client.resources.resource import Resource
from kling_saas_client.steps import Flow, Iteration


class Videos(Resource[K]):
    """/videos. A film's id, or its generation's, names it."""

    @iteration
    def list(
        self,
        *,
        q: str | None = None,
        favourite: bool | None = None,
        trashed: bool | None = None,
        collection: str | None = None,
        reference: str | None = None,
        metadata: Mapping[str, str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        facts: Mapping[str, str] | None = None,
        page_size: int = PAGE,
    ) -> Iteration[LibraryVideo]:
        """Films, newest first. `q` are words of the prompt, title or tags; `facts` is what else
        the API filters by, such as `model`.
        """
        query = given(
            q=q,
            favourite=favourite,
            trashed=trashed,
            collection=collection,
            reference=reference,
        )
        query |= {f"metadata[{name}]": value for name, value in (metadata or {}).items()}
        query |= {**(facts or {}), "from": since, "to": until}
        return self.bound_to.pages("/videos", reader(LibraryVideo), query, page_size)

    @operation
    def get(self, video_id: str) -> Flow[LibraryVideo]:
        """One of them, in the trash too. Raises Gone once it is deleted."""
        return self._asked("GET", video_id)

    @operation
    def label(
        self,
        video_id: str,
        *,
        title: str | None = None,
        tags: Sequence[str] | None = None,
        favourite: bool | None = None,
    ) -> Flow[LibraryVideo]:
        """Set what is given."""
        fields = given(title=title, tags=None if tags is None else [*tags], favourite=favourite)
        return self._asked("PATCH", video_id, body=fields)

    @operation
    def favourite(self, video_id: str, favourite: bool = True) -> Flow[LibraryVideo]:
        """Mark it, or take the mark away."""
        return self._asked("PATCH", video_id, body={"favourite": favourite})

    @operation
    def trash(self, video_id: str) -> Flow[LibraryVideo]:
        """Into the trash, where it can be restored until its `kept_until`."""
        return self._asked("DELETE", video_id)

    @operation
    def restore(self, video_id: str) -> Flow[LibraryVideo]:
        """Out of the trash."""
        path = f"/videos/{segment(video_id)}/restore"
        found = yield from self.bound_to.call("POST", path, repeatable=True)
        return decode(LibraryVideo, found)

    @operation
    def destroy(self, video_id: str) -> Flow[LibraryVideo]:
        """Delete its files now, for good."""
        return self._asked("DELETE", video_id, query={"permanently": True})

    def _asked(self, method: str, video_id: str, **more: Any) -> Flow[LibraryVideo]:
        found = yield from self.bound_to.call(method, f"/videos/{segment(video_id)}", **more)
        return decode(LibraryVideo, found)
