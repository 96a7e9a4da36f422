"""Where the file of what was made lies: a link that ends, or why there is none."""

from __future__ import annotations

from generations import access, standing, storage
from generations.errors import FileMissing, NotKept, NotReady
from generations.models import Generation, Video


def link(generation: Generation, *, poster: bool = False) -> str:
    """To the film, or to the sound where there is no film; or to the picture of the film.

    Raises NotReady, NotKept and FileMissing.
    """
    name = generation.public_id
    made = access.video_of(generation) or access.audio_of(generation)
    if made is None and (ended := access.ended_of(generation)):
        raise NotKept(f"{name} {ended.farewell}.")
    if made is None:
        raise NotReady(
            f"{name} is {standing.public_status(generation)}: there is a film or sound "
            "when it has succeeded and makes one."
        )
    key = made.poster_key if poster and isinstance(made, Video) else made.key
    if _lost(key):
        raise FileMissing.of(name)
    suffix = key.rpartition(".")[2]
    return storage.link(key, name=f"{name}.{suffix}", until=made.kept_until)


def _lost(key: str) -> bool:
    """Whether the storage says so; while it does not answer us, the link may open all the same."""
    try:
        return storage.size(key) < 0
    except storage.TROUBLE:
        return False
