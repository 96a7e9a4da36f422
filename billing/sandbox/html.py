"""The look of the hosted pages: one shell, words in plain HTML, no script."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

COUNTRIES = {
    "AT": "Austria", "AU": "Australia", "BE": "Belgium", "BR": "Brazil", "CA": "Canada",
    "CH": "Switzerland", "CN": "China", "CZ": "Czechia", "DE": "Germany", "DK": "Denmark",
    "ES": "Spain", "FI": "Finland", "FR": "France", "GB": "United Kingdom", "GR": "Greece",
    "HU": "Hungary", "IE": "Ireland", "IN": "India", "IT": "Italy", "JP": "Japan",
    "KR": "South Korea", "LU": "Luxembourg", "MX": "Mexico", "NL": "Netherlands",
    "NO": "Norway", "NZ": "New Zealand", "PL": "Poland", "PT": "Portugal", "SE": "Sweden",
    "SG": "Singapore", "TR": "Türkiye", "UA": "Ukraine", "US": "United States",
    "ZA": "South Africa",
}  # fmt: skip
_SIGNS = {"usd": "$", "eur": "€", "gbp": "£"}
_STYLE = """
:root { color-scheme: light dark; --bg: light-dark(#f6f5f2, #141318);
  --card: light-dark(#fff, #1e1c24); --text: light-dark(#1d1b24, #f3f1ea);
  --soft: light-dark(#5a5668, #b5b1c2); --line: light-dark(#d9d6cf, #3b3846);
  --edge: light-dark(#868195, #8d889c); --act: light-dark(#8a4b08, #f0b057);
  --on-act: light-dark(#fff, #251703); --bad: light-dark(#b3261e, #ff9d94);
  --warn: #ffd84d; --on-warn: #2b2200; }
* { box-sizing: border-box; margin: 0; }
body { background: var(--bg); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
.sandbox { background: var(--warn); color: var(--on-warn); text-align: center; font-weight: 700;
  padding: .75rem 1rem; letter-spacing: .02em; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 4rem; display: grid; gap: 2rem; }
@media (min-width: 50rem) { main.two { grid-template-columns: 1fr 1.1fr; align-items: start; } }
main.narrow { max-width: 34rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin-bottom: .75rem; }
h2 { font-size: 1.15rem; margin-bottom: .75rem; }
section, form.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 1.5rem; }
p + p, form + form, form + p { margin-top: .75rem; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; font-weight: 400; }
td:last-child, th:last-child { text-align: right; padding-right: 0; }
tr.sum th, tr.sum td { border: 0; font-weight: 700; font-size: 1.1rem; }
.table { overflow-x: auto; }
label, legend { display: block; font-weight: 600; margin: 1rem 0 .25rem; }
fieldset { border: 0; padding: 0; }
input, select { width: 100%; font: inherit; color: inherit; background: var(--bg); padding: .7rem;
  border: 1px solid var(--edge); border-radius: 8px; min-height: 2.75rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
button, .button { font: inherit; font-weight: 700; cursor: pointer; min-height: 2.75rem;
  padding: .6rem 1.1rem; border-radius: 8px; border: 1px solid var(--act);
  background: var(--act); color: var(--on-act); text-decoration: none; display: inline-block; }
button.wide { width: 100%; margin-top: 1.5rem; }
button.wide + button.wide { margin-top: .75rem; }
button.plain, .button.plain { background: none; color: var(--act); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
a { color: var(--act); }
.soft { color: var(--soft); font-size: .9rem; }
.bad { border: 2px solid var(--bad); color: var(--bad); border-radius: 8px; padding: .75rem 1rem;
  margin-bottom: 1rem; font-weight: 600; }
.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center;
  justify-content: space-between; padding: .75rem 0; border-bottom: 1px solid var(--line); }
.row:last-child { border: 0; padding-bottom: 0; }
.row form, .acts form { margin: 0; } .acts { display: flex; flex-wrap: wrap; gap: .5rem; }
.big { font-size: 2.2rem; font-weight: 700; line-height: 1.2; }
details { margin-top: 1rem; } summary { cursor: pointer; min-height: 2rem; }
code { font-family: ui-monospace, monospace; }
"""


def page(title: str, body: str, *, layout: str = "narrow") -> str:
    """A whole page. `body` is HTML; whatever came from outside must be escaped in it."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} – payments sandbox</title><style>{_STYLE}</style></head><body>"
        '<header class="sandbox">SANDBOX: no money moves. Use test cards only.</header>'
        f'<main class="{layout}">{body}</main></body></html>'
    )


def money(cents: int, currency: str) -> str:
    """An amount with its currency: $12.50, −€3.00, CHF 4.00."""
    sign = "−" if cents < 0 else ""
    mark = _SIGNS.get(currency, f"{currency.upper()} ")
    return f"{sign}{mark}{abs(cents) // 100:,}.{abs(cents) % 100:02}"


def date(moment: int) -> str:
    """22 November 2026."""
    then = datetime.fromtimestamp(moment, UTC)
    return f"{then.day} {then:%B %Y}"


def alert(message: str | None) -> str:
    """What went wrong, told to screen readers at once."""
    return f'<p class="bad" role="alert">{escape(message)}</p>' if message else ""


def field(
    name: str, label: str, value: str = "", *, kind: str = "text", must: bool = True,
    complete: str = "off", hint: str = "", mode: str = "",
) -> str:  # fmt: skip
    """An input with its label."""
    typed = f' inputmode="{mode}"' if mode else ""
    needed = " required" if must else ""
    optional = "" if must else ' <span class="soft">(optional)</span>'
    return (
        f'<div><label for="{name}">{escape(label)}{optional}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" value="{escape(value)}" '
        f'placeholder="{escape(hint)}" autocomplete="{complete}"{typed}{needed}></div>'
    )


def countries(chosen: str) -> str:
    """The choice of a country."""
    options = "".join(
        f'<option value="{code}"{" selected" if code == chosen else ""}>{name}</option>'
        for code, name in sorted(COUNTRIES.items(), key=lambda item: item[1])
    )
    return (
        '<div><label for="country">Country</label>'
        f'<select id="country" name="country" autocomplete="country">{options}</select></div>'
    )


def card_fields(name: str) -> str:
    """Number, expiry, security code, name; never filled in again."""
    return (
        field("number", "Card number", hint="4242 4242 4242 4242", complete="cc-number",
              mode="numeric")
        + '<div class="pair">'
        + field("expiry", "Expires", hint="MM / YY", complete="cc-exp", mode="numeric")
        + field("cvc", "Security code", hint="CVC", complete="cc-csc", mode="numeric")
        + "</div>"
        + field("name", "Name on card", name, complete="cc-name")
    )  # fmt: skip


def table(rows: Iterable[tuple[str, str]], total: tuple[str, str] | None = None) -> str:
    """Two columns of HTML, and a sum."""
    lines = "".join(f"<tr><th scope=row>{left}</th><td>{right}</td></tr>" for left, right in rows)
    if total:
        lines += f"<tr class=sum><th scope=row>{total[0]}</th><td>{total[1]}</td></tr>"
    return f"<div class=table><table>{lines}</table></div>"


def button(act: str, label: str, *, plain: bool = False, **hidden: str) -> str:
    """A form of one button."""
    inputs = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in {"act": act, **hidden}.items()
    )
    look = ' class="plain"' if plain else ""
    return f'<form method="post">{inputs}<button{look}>{escape(label)}</button></form>'
