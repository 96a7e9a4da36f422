"""What is typed, who does it, and the code that it ends with."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kling_saas_client import errors
from kling_saas_client.cli.arguments import parser
from kling_saas_client.cli.commands import COMMANDS, Refused
from kling_saas_client.cli.saving import NoPlace
from kling_saas_client.clients import Client

DONE, REFUSED, UNREACHABLE, FAILED, TOO_DEAR, STOPPED = 0, 1, 3, 4, 5, 130  # 2 is argparse's


def main(words: Sequence[str] | None = None) -> int:
    """Carries a command out; errors are told on stderr. Its exit code."""
    asked = parser().parse_args(words)
    try:
        with Client(base_url=asked.base_url) as client:
            COMMANDS[asked.command](client, asked)
        sys.stdout.flush()  # while its end can still be told
    except KeyboardInterrupt as stopped:
        if notes := _notes(stopped):
            print("kling:", *notes, file=sys.stderr)
        return STOPPED
    except BrokenPipeError:  # whoever reads has read enough
        sys.stdout = None
        return DONE
    except (errors.KlingError, Refused, NoPlace, OSError) as error:
        tell(error)
        return code_of(error)
    return DONE


def code_of(error: Exception) -> int:
    """How scripts tell errors apart."""
    if isinstance(error, errors.ConnectionFailed):
        return UNREACHABLE
    if isinstance(error, errors.GenerationFailed | errors.StillUnderWay):
        return FAILED
    return TOO_DEAR if isinstance(error, Refused | errors.CapExceeded) else REFUSED


def tell(error: Exception) -> None:
    """One line, which has each thing that is wrong, and those that lead further."""
    print(f"kling: {_words(error)}", file=sys.stderr)
    for note in _notes(error):
        print(f"  {note}", file=sys.stderr)
    if isinstance(error, errors.APIError):
        for each in error.violations:
            if each.message not in error.detail:
                print(f"  {each.field}: {each.message} ({each.code})", file=sys.stderr)
        if error.documentation:
            print(f"  {error.documentation}", file=sys.stderr)


def _words(error: Exception) -> str:
    """What is to be given, as it is given here."""
    if isinstance(error, errors.NoKey):
        return (
            "KLING_SAAS_API_KEY must be a key, ksk_live_… or ksk_test_…; "
            f"they are made at {error.site}/dev/keys"
        )
    if isinstance(error, errors.NoAddress):
        return "give the site's address, https://…, as --base-url or as KLING_SAAS_BASE_URL"
    return str(error)


def _notes(error: BaseException) -> list[str]:
    return getattr(error, "__notes__", [])
