"""How a create request is refused: every violation at once, each with its limit and a way out."""

from __future__ import annotations

from dataclasses import dataclass, field

from generations.catalogue.params import Params

_SHOWN_CHARACTERS = 40
_SHOWN_NUMBER = 10**12


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong. `message` is a whole sentence of field, limit and way out.

    `field` is a path such as `multi_prompt[1].duration`; `code` is one of unknown_field,
    wrong_type, required, too_long, out_of_range, not_allowed, unsupported, conflict, bad_media.
    """

    field: str
    code: str
    message: str
    limit: str
    way_out: str


class InvalidRequest(Exception):
    """A create request that breaks the rules; `violations` has at least one entry.

    `params` is a product's order as far as it could be read, for whoever looks on.
    """

    def __init__(self, violations: tuple[Violation, ...], params: Params | None = None) -> None:
        super().__init__(" ".join(violation.message for violation in violations))
        self.violations = violations
        self.params = params


@dataclass(slots=True)
class Findings:
    """Collects violations and warnings while a request is read.

    `lenient` is the dialects' manner: their clients always send fields a model may lack.
    """

    lenient: bool
    violations: list[Violation] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def refuse(self, name: str, code: str, problem: str, *, limit: str, way_out: str) -> None:
        """Records a violation; `problem` continues the sentence that begins with the field."""
        message = f"{name} {problem}: {way_out}."
        self.violations.append(Violation(name, code, message, limit, way_out))

    def warn(self, sentence: str) -> None:
        """Records something we changed or dropped; the order goes on."""
        self.warnings.append(sentence)

    def refused(self, name: str) -> bool:
        """Whether this field, or something inside it, was refused already."""
        return any(_is_in(violation, name) for violation in self.violations)

    def withdraw(self, name: str) -> None:
        """Forgets what was refused of a field, for whoever refuses it as a whole."""
        self.violations = [each for each in self.violations if not _is_in(each, name)]


def _is_in(violation: Violation, name: str) -> bool:
    return violation.field == name or violation.field.startswith((f"{name}.", f"{name}["))


def printable(text: str) -> str:
    """Customer text made safe to quote: short, one line, encodable as UTF-8."""
    clipped = text[:_SHOWN_CHARACTERS] + ("…" if len(text) > _SHOWN_CHARACTERS else "")
    encodable = clipped.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in encodable)


def shown(value: object) -> str:
    """A value as a refusal quotes it. Never raises, whatever JSON brought."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{printable(value)}"'
    if isinstance(value, int):
        # Python refuses to print integers of more than 4,300 digits.
        return str(value) if abs(value) < _SHOWN_NUMBER else "a huge number"
    if isinstance(value, float):
        return repr(value)
    return "a list" if isinstance(value, list | tuple) else "an object"
