"""What an order of a product names, as the upstream that gets it understands it.

Each name becomes the upstream's own id where it made the thing, else a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from generations import lifecycle, owned, storage, uploads
from generations.catalogue import media
from generations.catalogue.params import Params
from generations.catalogue.products import registry
from generations.catalogue.products.product import Path as Place
from generations.catalogue.products.product import films, replaced, things
from generations.catalogue.products.sources import Medial
from generations.models import Generation, ProviderAccount, Upload
from generations.owned import GENERATION, Made

_A_DAY = 24  # hours


def for_upstream(generation: Generation, account: ProviderAccount, params: Params) -> Params:
    """The order with films, sounds and things as this account knows them.

    Raises ValueError when one of them is gone.
    """
    if not params.task:
        return _as_known(generation, params)
    product = registry.get(params.task)
    changes: dict[Place, str] = {}
    for path, field, value in films(product, params):
        if not media.is_address(value):
            changes[path] = _sent_film(generation, account, field, value)
    for path, _, value in things(product, params):
        if value.startswith(GENERATION):
            changes[path] = _sent_thing(generation, value)
    return replaced(params, changes)


def _as_known(generation: Generation, params: Params) -> Params:
    """A film's order with voices and elements by the upstream's own ids."""

    def sent(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            _sent_thing(generation, name) if name.startswith(GENERATION) else name for name in names
        )

    return replace(params, voices=sent(params.voices), elements=sent(params.elements))


def _sent_film(generation: Generation, account: ProviderAccount, field: Medial, value: str) -> str:
    if value.startswith(uploads.PREFIX):
        with lifecycle.scope(generation):
            return storage.link(Upload.objects.get(public_id=value).key)
    made = _made_for(generation, value)
    row = made.video if field.medium == "video" else made.audio
    known = str(made.generation.made.get(field.medium, ""))
    takes_ids = field.id_key != field.path or bool(field.made_by)
    # A day early: the upstream looks at it later than we do. Where no link is taken it must do.
    lives = bool(field.made_by) or not made.is_forgotten(field.hours - _A_DAY)
    if known and takes_ids and lives and made.generation.account_id == account.pk:
        return known
    if row is None or field.made_by:
        raise ValueError(f"{value} cannot be named at {account.name}")
    return storage.link(row.key, until=row.kept_until)


def _sent_thing(generation: Generation, value: str) -> str:
    made = _made_for(generation, value).generation
    facts: Mapping[str, object] = made.made.get("facts", {})
    known = facts.get(registry.get(made.kind).gives)
    if not known:
        raise ValueError(f"{value} has no name at the upstream")
    return str(known)


def _made_for(generation: Generation, value: str) -> Made:
    with lifecycle.scope(generation):
        made = owned.with_files(
            Generation.objects.filter(public_id=value, livemode=generation.livemode).first()
        )
    if made is None:
        raise ValueError(f"{value} is gone")
    return made
