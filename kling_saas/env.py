"""The only reader of environment variables: typed, documented, refusing bad values in one line.

Order: the process's environment, then `.env`, then `VAR/local.env` (written by `make run`).
`NAME_FILE` may name a file that holds the value, as secret stores mount them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
_LINE = re.compile(r"^(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=\s*(.*)$")
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


class ConfigError(Exception):
    """A setting cannot be used; the message names it, its limit and the way out."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared variable, as `.env.example` shows it."""

    name: str
    default: str
    doc: str


declared: dict[str, Variable] = {}


def read_file(path: Path) -> dict[str, str]:
    """The pairs of a dotenv file; raises ConfigError with the line number of what is not one."""
    pairs: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} cannot be read: {error}") from None
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.match(stripped)
        if not match:
            raise ConfigError(
                f"{path.name} line {number} is not NAME=value: write it so, or start it with #"
            )
        value = match[2].strip()
        if value[:1] in {"'", '"'}:
            if len(value) < 2 or value[-1] != value[0]:
                raise ConfigError(f"{path.name} line {number}: the quote is not closed")
            value = value[1:-1]
        pairs[match[1]] = value
    return pairs


def load(*, generated: bool = True) -> None:
    """Fill the process's environment from the files, never overriding what is set.

    `generated=False` leaves out `local.env`: `make run` is about to write it anew.
    """
    _fill_from(ROOT / ".env")
    if generated:  # only now, as `.env` may say where VAR is
        _fill_from(data_dir() / "local.env")


def _fill_from(path: Path) -> None:
    if path.is_file():
        fill(read_file(path))


def strangers(path: Path) -> list[str]:
    """A sentence for each name in a dotenv file that nothing reads, with the nearest that is.

    What is read stands in `.env.example`; without that file nobody can tell, and none is named.
    """
    example = ROOT / ".env.example"
    if not path.is_file() or not example.is_file():
        return []
    known = {"VAR", *re.findall(r"^#([A-Z][A-Z0-9_]*)=", example.read_text("utf-8"), re.M)}
    unknown = [
        n for n in read_file(path) if n not in known and n.removesuffix("_FILE") not in known
    ]
    return [_stranger(path.name, name, known) for name in unknown]


def _stranger(file: str, name: str, known: set[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    way_out = f"did you mean {near[0]}?" if near else "see .env.example for the names there are."
    return f"{file}: {name} is not a setting and was ignored; {way_out}"


def fill(pairs: Mapping[str, str]) -> None:
    """Add to the process's environment what is not set there, by value or by NAME_FILE."""
    for name, value in pairs.items():
        if f"{name}_FILE" not in os.environ:
            os.environ.setdefault(name, value)


def data_dir() -> Path:
    """The folder of everything that is written: database, films, keys, run.json (`VAR`)."""
    return (ROOT / os.environ.get("VAR", "var")).resolve()


def text(name: str, default: str = "", doc: str = "") -> str:
    """The value of `name`, or of the file named by `NAME_FILE`, or `default`."""
    declared[name] = Variable(name, default, doc)
    value = os.environ.get(name)
    if value is None and (secret_file := os.environ.get(f"{name}_FILE")):
        try:
            value = Path(secret_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"{name}_FILE: {error}") from None
    return default if value is None else value


def flag(name: str, default: bool = False, doc: str = "") -> bool:
    """A switch: 1/true/yes/on or 0/false/no/off."""
    value = text(name, "1" if default else "0", doc).lower()
    if value not in _TRUE | _FALSE:
        raise ConfigError(f"{name}={value!r} is not a switch: write 1 or 0")
    return value in _TRUE


def port(name: str, default: int, doc: str = "") -> int:
    """A TCP port."""
    value = integer(name, default, doc, least=1)
    if value > 65535:
        raise ConfigError(f"{name}='{value}' must be a whole number from 1 to 65535")
    return value


def integer(name: str, default: int, doc: str = "", *, least: int = 0) -> int:
    """A whole number of at least `least`."""
    value = text(name, str(default), doc)
    if not re.fullmatch(r"-?\d{1,18}", value) or int(value) < least:
        raise ConfigError(f"{name}={value!r} must be a whole number of at least {least}")
    return int(value)


def number(name: str, default: float, doc: str = "", *, above: float = 0.0) -> float:
    """A decimal number greater than `above`."""
    value = text(name, f"{default:g}", doc)
    try:
        parsed = float(value)
    except ValueError:
        parsed = float("nan")
    if not parsed > above:
        raise ConfigError(f"{name}={value!r} must be a number above {above:g}")
    return parsed


def words(name: str, default: str = "", doc: str = "") -> list[str]:
    """A list separated by commas."""
    return [part.strip() for part in text(name, default, doc).split(",") if part.strip()]


def choice(name: str, default: str, allowed: tuple[str, ...], doc: str = "") -> str:
    """One of `allowed`."""
    value = text(name, default, doc)
    if value not in allowed:
        raise ConfigError(f"{name}={value!r} must be one of: {', '.join(allowed)}")
    return value


def decimal(name: str, default: str, doc: str = "") -> str:
    """A decimal number above 0, in digits as written, so that nothing is rounded."""
    value = text(name, default, doc)
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value) or not float(value):
        raise ConfigError(f"{name}={value!r} must be a number above 0, such as {default}")
    return value


def pairs(name: str, allowed: tuple[str, ...], doc: str = "") -> dict[str, str]:
    """A list of `word=one of allowed`, separated by commas; the words in small letters."""
    found: dict[str, str] = {}
    for part in words(name, "", doc):
        word, _, value = part.partition("=")
        if not word.strip() or value.strip() not in allowed:
            raise ConfigError(f"{name}: {part!r} must look like word={'|'.join(allowed)}")
        found[word.strip().lower()] = value.strip()
    return found


def mail(url: str) -> tuple[str, int, str, str, bool]:
    """Host, port, user, password and STARTTLS of an `smtp://` or `smtp+tls://` address."""
    if not url:
        return "", 25, "", "", False
    try:
        parts = urlsplit(url)
        host, port_number = parts.hostname, parts.port
    except ValueError:
        host, port_number, parts = None, None, urlsplit("")
    if parts.scheme not in {"smtp", "smtp+tls"} or not host:
        raise ConfigError("EMAIL_URL must look like smtp+tls://user:password@host:587")
    return (
        host,
        port_number or 587,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parts.scheme == "smtp+tls",
    )
