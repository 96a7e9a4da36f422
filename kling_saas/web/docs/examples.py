"""An example of each request, in three languages; the suite sends every one of them.

What a request says comes from the OpenAPI document; an id in it stands for one of the reader's own.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

FILE = "fox.png"
_TYPE = "image/png"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `key` is None where everybody may, `redirects` where a file is elsewhere.

    `key_begins` is the header that the key is sent in, with what stands before it there.
    """

    method: str
    url: str
    key: str | None
    body: Any = None
    sends_file: bool = False
    redirects: bool = False
    key_begins: str = "Authorization: Bearer "

    @property
    def headers(self) -> dict[str, str]:
        """Those that prove who asks."""
        name, _, begin = self.key_begins.partition(": ")
        return {name: begin + self.key} if self.key else {}


def curl(sent: Request) -> str:
    """As one command."""
    has_body = sent.body is not None or sent.sends_file
    words = ["curl"]
    if sent.redirects:
        words.append("-L -o film.mp4")
    if sent.method != ("POST" if has_body else "GET"):
        words.append(f"-X {sent.method}")
    lines = [" ".join([*words, sent.url])]
    lines += [f"-H '{name}: {value}'" for name, value in sent.headers.items()]
    if sent.body is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d {shlex.quote(json.dumps(sent.body))}")
    if sent.sends_file:
        lines.append(f"-H 'Content-Type: {_TYPE}'")
        lines.append(f"--data-binary @{FILE}")
    return " \\\n  ".join(lines)


def python(sent: Request) -> str:
    """With httpx."""
    headers = sent.headers
    if sent.sends_file:
        headers["Content-Type"] = _TYPE
    lines = [
        "import httpx",
        "",
        "answer = httpx.request(",
        f'    "{sent.method}",',
        f'    "{sent.url}",',
    ]
    if headers:
        lines.append(f"    headers={_python(headers)},")
    if sent.body is not None:
        lines.append(f"    json={_python(sent.body)},")
    if sent.sends_file:
        lines.append(f'    content=open("{FILE}", "rb").read(),')
    if sent.redirects:
        lines.append("    follow_redirects=True,")
    lines += ["    timeout=60,", ")", "answer.raise_for_status()"]
    lines.append(
        'open("film.mp4", "wb").write(answer.content)' if sent.redirects else "print(answer.text)"
    )
    return "\n".join(lines)


def _python(value: Any) -> str:
    words = {"true": "True", "false": "False", "null": "None"}
    found = json.dumps(value, ensure_ascii=False)
    return re.sub(r'"(?:[^"\\]|\\.)*"|true|false|null', lambda m: words.get(m[0], m[0]), found)


def javascript(sent: Request) -> str:
    """With fetch."""
    headers = sent.headers
    if sent.body is not None:
        headers["Content-Type"] = "application/json"
    if sent.sends_file:
        headers["Content-Type"] = _TYPE
    options = [f'  method: "{sent.method}",'] if sent.method != "GET" else []
    if headers:
        options.append(f"  headers: {json.dumps(headers, ensure_ascii=False)},")
    if sent.body is not None:
        options.append(f"  body: JSON.stringify({json.dumps(sent.body, ensure_ascii=False)}),")
    if sent.sends_file:
        options.append(f'  body: await readFile("{FILE}"),')
    begin = f'const answer = await fetch("{sent.url}"'
    lines = ['import { readFile } from "node:fs/promises";', ""] if sent.sends_file else []
    lines += [f"{begin}, {{", *options, "});"] if options else [f"{begin});"]
    lines.append("if (!answer.ok) throw new Error(await answer.text());")
    lines.append(
        "const film = await answer.blob();\nconsole.log(film.size);"
        if sent.redirects
        else "console.log(await answer.text());"
    )
    return "\n".join(lines)


def in_every_language(sent: Request) -> str:
    """Markdown: the same request three times."""
    written = {"bash": curl(sent), "python": python(sent), "javascript": javascript(sent)}
    return "\n\n".join(f"```{language}\n{code}\n```" for language, code in written.items())
