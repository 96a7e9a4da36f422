"""The clients, as archives that pip and npm install by their address on this site.

The address of an archive has its version: tools keep what they once got from an address, and lock
files hold its digest. A name without one leads to the newest.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition, require_safe

from kling_saas import env

_CLIENTS = env.ROOT / "clients"
_BESIDE = ("LICENSE", "README.md", "package.json", "pyproject.toml")
_VERSION = re.compile(r'version\w* = "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Archive:
    """One client: the folder it is made of, where that has its version, the folder that its users'
    tools expect in the archive, and the archive's name.
    """

    folder: Path
    version_in: str
    root: str
    name: str

    @property
    def version(self) -> str:
        """As the client tells it to the API."""
        found = _VERSION.search((self.folder / self.version_in).read_text())
        assert found, f"{self.version_in} has no version"
        return found[1]

    @property
    def versioned(self) -> str:
        """Its name with the version."""
        return self.name.format(f"-{self.version}")

    @property
    def path(self) -> str:
        """Where it is on the site."""
        return reverse("client-package", args=[self.versioned])


PYTHON = Archive(
    _CLIENTS / "python",
    "src/kling_saas_client/version.py",
    "kling_saas_client",
    "kling_saas_client{}.tar.gz",
)
JAVASCRIPT = Archive(_CLIENTS / "js", "src/version.js", "package", "kling-saas{}.tgz")
_ALL = (PYTHON, JAVASCRIPT)


def _etag(_: HttpRequest, name: str) -> str | None:
    for archive in _ALL:
        if name == archive.versioned:
            return f'"{hashlib.sha256(_packed(archive)).hexdigest()}"'
    return None


@require_safe
@condition(etag_func=_etag)
def package(_: HttpRequest, name: str) -> HttpResponse:
    """The archive of that name for everybody, or the way to the newest."""
    for archive in _ALL:
        if name == archive.versioned:
            response = HttpResponse(_packed(archive), content_type="application/gzip")
            response["Content-Disposition"] = f'attachment; filename="{name}"'
            return _asked_again(response)
        if name == archive.name.format(""):
            return _asked_again(HttpResponseRedirect(archive.path))
    raise Http404


def _asked_again(response: HttpResponse) -> HttpResponse:
    """Caches ask each time whether it still holds."""
    patch_cache_control(response, public=True, no_cache=True)
    return response


@lru_cache(maxsize=len(_ALL))
def _packed(archive: Archive) -> bytes:
    """The same bytes in every process, whenever it was made, so that the ETag holds."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in _sources(archive.folder):
            content = path.read_bytes()
            entry = tarfile.TarInfo(f"{archive.root}/{path.relative_to(archive.folder)}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def _sources(folder: Path) -> Iterator[Path]:
    """What a package holds, and nothing that was made from it."""
    yield from (folder / name for name in _BESIDE if (folder / name).exists())
    for path in sorted((folder / "src").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
