"""What an order of a product names: films and sounds of ours, uploads, addresses, voices, sessions.

When it is accepted, everything is looked up and measured. An address of a sound, and one whose
length decides the price, is fetched and kept, so that what was priced is what is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from accounts import tenancy
from accounts.actors import Actor
from generations import fetching, owned, presets, products, uploads
from generations.catalogue import media
from generations.catalogue.params import Params
from generations.catalogue.products import checking, editing, registry
from generations.catalogue.products.fields import Field, Thing
from generations.catalogue.products.presets import Preset, Sort, may_be_numbered
from generations.catalogue.products.product import Path as Place
from generations.catalogue.products.product import (
    Product,
    films,
    pictures,
    replaced,
    things,
    written,
)
from generations.catalogue.products.sources import (
    MEGABYTE,
    Medial,
    Picture,
    Source,
    decoded,
)
from generations.catalogue.reading import is_token, nearest
from generations.catalogue.violations import InvalidRequest as CatalogueRefusal
from generations.errors import InvalidRequest
from generations.models import Generation, Protocol, Upload
from generations.owned import FILM, GENERATION, SOUND, Made
from kling_saas.lib import http

_FETCH_SECONDS = 60.0
_A_DAY = 24  # hours
_KNOWS = {  # who takes its own ids of what in later orders
    "video": (Protocol.KLING,),
    "facts": (Protocol.KLING, Protocol.SEGMIND, Protocol.SEGMIND_V1),
}
F = TypeVar("F")


def take_in(actor: Actor, params: Params) -> Params:
    """The whole order: what it names is looked up, and decides what is left to be decided.

    Raises InvalidRequest naming every field at fault, and RateLimited.
    """
    if not params.task:
        return _with_own_things(actor, uploads.take_in(actor, params))
    product = products.current()[params.task]
    found = _Found(actor, product, params)
    found.everything()
    try:
        made = checking.complete(product, found.changed(), found.sources)
    except CatalogueRefusal as refusal:
        found.violations += InvalidRequest.of(refusal).violations
    found.refuse()
    return made


def also_wrong(
    actor: Actor, fields: Mapping[str, Any], refusal: CatalogueRefusal
) -> list[dict[str, Any]]:
    """The violations of what an order names that is refused anyway; no address is read for it."""
    besides = {violation.field for violation in refusal.violations}
    if refusal.params is None:
        return _faults_of_images(actor, fields, besides)
    product = products.current()[refusal.params.task]
    found = _Found(actor, product, refusal.params, reads=False)
    found.everything()
    return [violation for violation in found.violations if violation["field"] not in besides]


def _faults_of_images(
    actor: Actor, fields: Mapping[str, Any], besides: Iterable[str]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in sorted(set(uploads.NAMES) - set(besides)):
        value = fields.get(name)
        if value and isinstance(value, str) and not media.is_address(value):
            try:
                uploads.one(actor, name, media.normalise(value))
            except InvalidRequest as refusal:
                found += refusal.violations
            except media.BadMedia:
                continue  # of an order whose images nobody came to read
    return found


def _with_own_things(actor: Actor, params: Params) -> Params:
    """A film's order, made where the voices and elements of one's own are that it names."""
    named = [(("voices", n), voice) for n, voice in enumerate(params.voices)]
    named += [(("elements", n), element) for n, element in enumerate(params.elements)]
    if not named:
        return params
    found = _Found(actor, None, params)
    found.every(((path, None, value) for path, value in named), found.thing)
    found.refuse()
    return found.changed()


class _Found:
    """What was learned about an order's names so far."""

    def __init__(
        self, actor: Actor, product: Product | None, params: Params, *, reads: bool = True
    ) -> None:
        self._actor, self._product, self._params, self._reads = actor, product, params, reads
        self._decides = {product.follows, product.inherits} if product else set()
        if product and product.length:
            self._decides |= {written(path) for path, _, _ in films(product, params)}
        self.sources: dict[str, Source] = {}
        self.changes: dict[Place, str] = {}
        self._pin: int | None = None
        self.violations: list[dict[str, Any]] = []

    def everything(self) -> None:
        """Look at all that a product's order names."""
        product, params = self._product, self._params
        assert product is not None, "of a film's order only voices and elements are looked at"
        self.every(pictures(product, params), self.picture)
        self.every(films(product, params), self.film)
        self.every(things(product, params), self.thing)

    def every(
        self, named: Iterable[tuple[Place, F, str]], look: Callable[[Place, F, str], None]
    ) -> None:
        """Look at each; what is refused is kept until everything was looked at."""
        for path, field, value in named:
            try:
                look(path, field, value)
            except InvalidRequest as refusal:
                self.violations += refusal.violations

    def refuse(self) -> None:
        """Raises InvalidRequest if anything was refused."""
        if self.violations:
            raise InvalidRequest.all(self.violations)

    def picture(self, path: Place, _: Picture, value: str) -> None:
        """Bytes become an upload; addresses stay."""
        if not media.is_address(value):
            self.changes[path] = uploads.one(self._actor, written(path), value)

    def changed(self) -> Params:
        """The order in our names."""
        changes: dict[Place, object] = dict(self.changes)
        if self._pin is not None:
            changes[("pin",)] = self._pin
        return replaced(self._params, changes)

    def film(self, path: Place, field: Medial, value: str) -> None:
        """One of the customer's own, an upload, bytes, or an address."""
        name = written(path)
        if value.startswith((GENERATION, FILM, SOUND)):
            self._own(path, field, value)
        elif value.startswith(uploads.PREFIX):
            self._upload(name, field, value)
        elif is_token(value):
            raise _refused(name, "unknown_source", f"there is no film or sound {value}")
        elif not media.is_address(value):
            self._keep(path, field, [decoded(value)])
        elif self._reads and (name in self._decides or field.medium == "audio"):
            with fetching.ROOM.place(self._actor.organisation_id):
                self._keep(path, field, _fetched(name, value, field))

    def _own(self, path: Place, field: Medial, value: str) -> None:
        name, made = written(path), owned.made_of(self._actor, value)
        source = made.source(field.medium) if made else None
        if made and made.ended and source is None:
            raise _refused(name, "deleted", f"{value} {made.ended}")
        if made is None or source is None:
            raise _refused(name, "unknown_source", f"there is no finished {field.medium} {value}")
        if field.made_by:
            kind = made.generation.kind
            if field.made_by != ("any",) and kind not in field.made_by:
                raise _refused(name, "unsupported", f"{value} was made by {kind}")
            self._hold_to(name, made, "video", field.hours)
        self.sources[name] = source
        self.changes[path] = made.generation.public_id

    def _hold_to(self, name: str, made: Made, what: str, hours: int) -> None:
        """Only the account that made the thing knows it, and no longer than `hours`; 0: always."""
        if hours and made.is_forgotten(hours):
            age = f"{hours} hours" if hours <= _A_DAY else f"{hours // _A_DAY} days"
            raise _refused(name, "expired", f"{made.generation.public_id} is older than {age}")
        account = made.generation.account
        known = account is not None and account.protocol in _KNOWS[what]
        if account is None or not known or not made.generation.made.get(what):
            raise _refused(
                name,
                "unsupported",
                f"{made.generation.public_id} was made where it cannot be gone on with",
            )
        if self._pin not in (None, account.pk):
            raise _refused(name, "conflict", "what the order names is at different upstreams")
        self._pin = account.pk

    def _upload(self, name: str, field: Medial, value: str) -> None:
        with tenancy.scope(self._actor.organisation_id):
            upload = Upload.objects.filter(public_id=value, livemode=self._actor.livemode).first()
        if upload is None:
            raise _refused(name, "unknown_upload", f"there is no {field.medium} {value}")
        if not upload.content_type.startswith(field.medium):
            is_one = upload.content_type.partition("/")[0]
            raise InvalidRequest.one(
                name,
                "bad_media",
                f"{name}: {value} is of kind {is_one}, not {field.medium}: send {field.forms}.",
            )
        if field.made_by:
            raise _refused(name, "unsupported", "must be one that was made here, not an upload")
        if upload.bytes > field.megabytes * MEGABYTE:
            raise _refused(name, "too_large", f"{value} is larger than {field.megabytes} MB")
        self.sources[name] = _measured(upload)

    def _keep(self, path: Place, field: Medial, parts: Iterable[bytes]) -> None:
        upload = uploads.store_medium(self._actor, parts, field.medium, field=written(path))
        self.changes[path] = upload.public_id
        self.sources[written(path)] = _measured(upload)

    def thing(self, path: Place, _: Field | None, value: str) -> None:
        """A voice, element or session: ours is looked up, what nobody here made is Kling's own."""
        name = written(path)
        field = self._product.by_name[str(path[0])] if self._product else None
        ours: str | None = value
        if not owned.is_ours(value):
            if isinstance(field, Thing) and field.made_by:
                raise _refused(name, "unknown_source", f"{value} is not the id of a generation")
            ours = self._behind(path, value)
        if ours is None:
            if _sort(path) == "element" or (isinstance(field, Thing) and field.listed):
                self._hold_to_list(path, value)
            return
        made = owned.made_of(self._actor, ours)
        if made is None or not _is_wanted(str(path[0]), field, made.generation):
            raise _unknown(path, value)
        if made.generation.deleted_at:
            raise _refused(name, "deleted", f"{made.generation.public_id} was deleted")
        if isinstance(field, Thing) and field.made_by:
            made = owned.beginning_of(self._actor, made)
        self.changes[path] = made.generation.public_id
        self._hold_to(name, made, "facts", field.hours if isinstance(field, Thing) else 0)
        if seconds := made.generation.order().duration:
            self.sources[name] = Source(
                seconds=seconds,
                faces=made.faces,
                frames=made.frames,
                chosen=self._params.task != editing.EDIT.name
                or owned.may_be_chosen(self._actor, made.generation),
            )

    def _hold_to_list(self, path: Place, value: str) -> None:
        """A voice or element of Kling's own is listed; a voice speaks the order's language."""
        sort, name = _sort(path), written(path)
        known = {preset.id: preset for preset in presets.current(sort)}
        if value not in known and not may_be_numbered(sort, value):
            near = nearest(value, list(known))
            meant = f"did you mean {near}? " if near else ""
            raise InvalidRequest.one(
                name,
                "unknown_source",
                f"{name}: there is no {sort} {value}: {meant}Send one that GET /api/v1/{sort}s "
                f"lists, or a custom {sort} of yours.",
            )
        if value in known and sort == "voice":
            self._hold_to_language(known[value])

    def _hold_to_language(self, voice: Preset) -> None:
        speaks, language = voice.languages, self._params.inputs.get("language")
        if language and speaks and language not in speaks:
            told = " and ".join(speaks)
            raise InvalidRequest.one(
                "language",
                "conflict",
                f"language: {voice.id} speaks {told}, not {language}: send {told}, or a voice that "
                f"GET /api/v1/voices lists with {language}.",
            )

    def _behind(self, path: Place, value: str) -> str | None:
        """The generation behind an upstream's id of a thing; None where nobody here made it."""
        try:
            return owned.behind(self._actor, value)
        except owned.NotYours:
            if any(preset.id == value for preset in presets.current(_sort(path))):
                return None
            raise _unknown(path, value) from None


def _measured(upload: Upload) -> Source:
    return Source(
        seconds=(upload.duration_ms or 0) / 1000,
        width=upload.width,
        height=upload.height,
        fps=upload.fps or 0,
    )


def _sort(path: Place) -> Sort:
    """What a place in an order names."""
    return "element" if path[0] == "elements" else "voice"


def _is_wanted(name: str, field: Field | None, made: Generation) -> bool:
    """Whether a generation made what a field of this name takes."""
    product = registry.PRODUCTS.get(made.kind)
    if product is None or not made.made.get("facts"):
        return False
    if isinstance(field, Thing) and field.made_by:
        return made.kind in field.made_by
    return product.gives == f"{name.removesuffix('s')}_id"


def _refused(name: str, code: str, problem: str) -> InvalidRequest:
    return InvalidRequest.one(name, code, f"{name}: {problem}: name one of yours that is finished.")


def _unknown(path: Place, value: str) -> InvalidRequest:
    sort, name = str(path[0]).removesuffix("s"), written(path)
    listed = f" (GET /api/v1/{sort}s lists them)" if sort in ("voice", "element") else ""
    return _refused(name, "unknown_source", f"there is no {sort} {value}{listed}")


def _fetched(name: str, address: str, field: Medial) -> Iterator[bytes]:
    """The content of an address, piece by piece. Raises InvalidRequest."""
    most = field.megabytes * MEGABYTE
    try:
        yield from http.fetch(address, max_bytes=most, max_seconds=_FETCH_SECONDS)
    except (http.FetchFailed, http.BlockedAddress) as error:
        raise InvalidRequest.one(
            name,
            "bad_media",
            f"{name}: the address cannot be read ({error}): upload the file and send its id.",
        ) from None


def uploads_of(params: Params) -> list[str]:
    """The uploads that an order, as taken in, names; each once."""
    if params.task:
        product = registry.get(params.task)
        named = [value for _, _, value in (*pictures(product, params), *films(product, params))]
    else:
        named = [params.image or "", params.image_tail or "", params.static_mask or ""]
        named += [mask.mask for mask in params.dynamic_masks]
    return sorted({name for name in named if name.startswith(uploads.PREFIX)})
