"""Files of the person's machine: pictures that are read, films that are saved; nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from kling_saas_client.clients import AsyncClient
from kling_saas_client.generations import Generation
from kling_saas_client.mcp.refusals import refuse
from kling_saas_client.sending import type_of

_NOT_HERE = ("https://", "http://", "data:", "upl_")  # what the API understands by itself


async def sent(client: AsyncClient, image: str | None) -> str | None:
    """What an order names it by: a picture of this machine is sent, whatever else is there is not.

    Raises ToolError, and KlingError.
    """
    if image is None or image.startswith(_NOT_HERE):
        return image
    path = Path(image).expanduser()
    kind = await asyncio.to_thread(_kind, path)
    if not kind.startswith("image/"):
        raise refuse(
            "no_picture",
            f"{image!r} is no picture on this machine: {kind or 'no such file'}.",
            "Give an https address, or the absolute path of a JPEG or PNG.",
        )
    return (await client.uploads.create(path)).id


def _kind(path: Path) -> str:
    if not (path.is_absolute() and path.is_file()):
        return ""
    with path.open("rb") as file:
        return type_of(file.read(12))


def place(folder: Path | None, made: Generation[Any], name: str | None) -> Path:
    """Where a film is saved: in the folder itself, under a name that is free. Raises ToolError."""
    if folder is None:
        raise refuse(
            "no_folder",
            "This server was started without a folder, so it saves nothing.",
            "Give the person the link, or the person starts it with --folder DIRECTORY.",
        )
    wanted = (name or made.id).removesuffix(made.suffix)
    found = folder / f"{wanted}{made.suffix}"
    if found.name != f"{wanted}{made.suffix}" or wanted.startswith(".") or not wanted.isprintable():
        raise refuse(
            "not_a_name",
            f"{name!r} is no plain file name; nothing was saved.",
            "Give a name without folders, such as fox.mp4.",
        )
    if found.exists() or found.is_symlink():
        raise refuse(
            "name_taken", f"{found.name!r} is there already; it stays as it is.", "Take another."
        )
    return found
