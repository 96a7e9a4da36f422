"""Log lines as JSON, with every credential taken out before they are written."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, MutableMapping
from functools import cached_property
from typing import Any

# Customers send what is searched here: each pattern reads a text once, whatever is in it. So it
# takes a whole word and decides then, and where it begins, none has begun just before.
_SECRETS = re.compile(
    r"((?:ksk|kut)_(?:live|test)_)\w{6,}|(whsec_)\S+|(SG_)[0-9a-f]{8,}|(\bsk-)[\w-]{8,}|(\b[sr]k_(?:test|live)_)\w+"
    r"|(?P<head>eyJ[\w-]{5,})(?P<proof>\.[\w-]+\.[\w-]*)?|((?:[?&](?:sig|token|signature)=))[^&\s\"]+"
    r"|(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s\"]+|(/callbacks/|/uploads/incoming/)[\w.~-]+"
    r"|(Bearer\s+)\S+",
    re.IGNORECASE,
)
# One of these stands in whatever it finds; looking for them first is thirty times as quick.
_MARKS = (
    "ksk_", "kut_", "whsec_", "sg_", "sk-", "k_test_", "k_live_", "eyj", "sig=", "token=",
    "signature=", "x-amz-", "/callbacks/", "/uploads/incoming/", "bearer",
)  # fmt: skip
_PASSWORD = re.compile(r"(://[^:/\s]+:)[^@/\s]+(?=@)")
# What follows the `?` of an address is a signature more often than not, whatever it is called.
_ADDRESS = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
# In JSON: what is secret by its name alone, and pictures and films sent as text.
_NAMES = "secret|secret_key|password|token|client_secret"
_NAMED, _NAMED_IN_REQUESTS = (
    re.compile(rf'("(?:{names})"\s*:\s*)"(?:[^"\\]|\\.)++(?:"|$)', re.I | re.A | re.S)
    for names in (_NAMES, f"{_NAMES}|code")  # in answers a `code` is an error's
)
_WORD = "[A-Za-z0-9+/_=-]"
_LONG = re.compile(rf"(?<!{_WORD})({_WORD}{{40}}){_WORD}{{260,}}", re.ASCII)
_READ = 4  # so many times what is kept is searched: what is masked takes less
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def redact(text: str) -> str:
    """`text` with keys, tokens, signatures, passwords and addresses' queries replaced by `***`."""
    small = text.lower()
    if any(mark in small for mark in _MARKS):
        text = _SECRETS.sub(_masked, text)
    return _ADDRESS.sub(_without_query, _PASSWORD.sub(r"\1***", text))


def _masked(found: re.Match[str]) -> str:
    if found["head"] and not found["proof"]:
        return found[0]
    return next(group for group in found.groups() if group is not None) + "***"


def _without_query(found: re.Match[str]) -> str:
    address, _, query = found[0].partition("?")
    return f"{address}?***" if query else found[0]


def storable(text: str) -> str:
    """`text` without NUL and lone surrogates, which PostgreSQL refuses."""
    return _UNSTORABLE.sub("\ufffd", text)


def kept(text: str, most: int) -> str:
    """Somebody else's words, as a column of `most` characters keeps them and a customer is told.

    Whatever they are, they may repeat a credential that we sent.
    """
    return redact(_searched(storable(text), most))[:most]


def redact_body(raw: bytes, most: int, *, sent: bool = False) -> str:
    """A body of JSON or a form as a log keeps it: without secrets, in at most `most` characters.

    Pictures sent as text are named by their length. `sent`: it is a request's, in which a `code`
    is a voucher's.
    """
    text = storable(raw.decode("utf-8", "replace"))
    text = _LONG.sub(lambda m: f"{m[1]}… ({len(m[0])} characters)", text)
    length, text = len(text), _searched(text, most)
    text = redact((_NAMED_IN_REQUESTS if sent else _NAMED).sub(r'\1"***"', text))
    return text if length <= most else f"{text[:most]}… ({length} characters)"


def _searched(text: str, most: int) -> str:
    """As much of it as is worth a search, and no piece of a word at its end."""
    if len(text) <= _READ * most:
        return text
    return text[: max(text.rfind(mark, 0, _READ * most) for mark in ' "&,') + 1]


class RedactingFilter(logging.Filter):
    """Replaces credentials in the finished message, whoever logged it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record; its message comes out redacted."""
        record.msg, record.args = redact(record.getMessage()), None
        return True


class DeliberateFilter(logging.Filter):
    """Drops Django's word on answers that were meant, e.g. Segmind's 504; 500 is never meant."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep what has no status, or 500."""
        return getattr(record, "status_code", 500) == 500


class AwayFilter(logging.Filter):
    """One line instead of a traceback for each request that finds the database away."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        error = record.exc_info and record.exc_info[1]
        state = getattr(getattr(error, "__cause__", None), "sqlstate", "")
        lost = state is None or state.startswith(("08", "57P"))  # PostgreSQL's, appendix A
        if type(error).__name__ == "OperationalError" and lost:
            words = str(error).partition("\n")[0]
            record.msg, record.args = f"{record.getMessage()}: {words}", None
            record.exc_info = record.exc_text = None
        return True


def _redact_exception(_: Any, __: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """structlog writes the traceback anew, whatever the filter has made of the record's own."""
    if "exception" in line:
        line["exception"] = redact(line["exception"])
    return line


class JsonFormatter(logging.Formatter):
    """structlog's JSON lines for the standard library's records.

    Made with the first line: reading structlog is a quarter of a quiet process's start.
    """

    @cached_property
    def _lines(self) -> logging.Formatter:
        import structlog

        return structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                _redact_exception,
            ],
        )

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        return self._lines.format(record)


def configuration(level: str) -> dict[str, Any]:
    """Django's LOGGING: one handler, redacting; what is loud below `level` is made quiet."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "away": {"()": "kling_saas.lib.logs.AwayFilter"},
            "redact": {"()": "kling_saas.lib.logs.RedactingFilter"},
            "meant": {"()": "kling_saas.lib.logs.DeliberateFilter"},
        },
        "formatters": {"json": {"()": "kling_saas.lib.logs.JsonFormatter"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "filters": ["away", "redact"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # At INFO it logs whole addresses, signed links included.
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "stripe": {"level": "WARNING"},
            "django.request": {"level": "ERROR", "filters": ["meant"]},
            "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "allauth": {"level": "WARNING"},
            "uvicorn.access": {"level": "WARNING"},
        },
    }
