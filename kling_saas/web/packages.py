"""The clients, as archives that pip and npm install by their address on this site."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition, require_safe

from kling_saas import env

_CLIENTS = env.ROOT / "clients"
# Each archive: the folder it is made of, and the folder that its users' tools expect in it.
_ARCHIVES = {
    "kling-saas-client.tar.gz": ("python", "kling_saas_client"),
    "kling-saas.tgz": ("js", "package"),
}
_BESIDE = ("LICENSE", "README.md", "package.json", "pyproject.toml")


def _etag(_: HttpRequest, name: str) -> str | None:
    return f'"{hashlib.sha256(_packed(name)).hexdigest()}"' if name in _ARCHIVES else None


@require_safe
@condition(etag_func=_etag)
def package(_: HttpRequest, name: str) -> HttpResponse:
    """The archive of that name, of this site's own version, for everybody."""
    if name not in _ARCHIVES:
        raise Http404
    response = HttpResponse(_packed(name), content_type="application/gzip")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    patch_cache_control(response, public=True, no_cache=True)  # asked again, by its ETag
    return response


@lru_cache(maxsize=len(_ARCHIVES))
def _packed(name: str) -> bytes:
    """The same bytes in every process, whenever it was made, so that the ETag holds."""
    folder, root = _ARCHIVES[name]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in _sources(_CLIENTS / folder):
            content = path.read_bytes()
            entry = tarfile.TarInfo(f"{root}/{path.relative_to(_CLIENTS / folder)}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def _sources(folder: Path) -> Iterator[Path]:
    """What a package holds, and nothing that was made from it."""
    yield from (folder / name for name in _BESIDE if (folder / name).exists())
    for path in sorted((folder / "src").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
