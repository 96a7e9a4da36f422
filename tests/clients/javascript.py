"""Programs in JavaScript, run by node with nothing but the client's package beside them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from kling_saas import env
from tests import commands

PACKAGE = env.ROOT / "clients" / "js"
_PRELUDE = """
import * as package_ from "kling-saas";
const all = async (items) => {
  const found = [];
  for await (const each of items) found.push(each);
  return found;
};
const thrown = async (act) => {
  try { await act(); } catch (error) { return error; }
  throw new Error("nothing was thrown");
};
const { KlingSaaS, verifyWebhook } = package_;
const given = JSON.parse(process.env.GIVEN);
const client = new KlingSaaS();
const told = await (async () => {
%s
})();
console.log(JSON.stringify(told ?? null));
"""


class Node:
    """A folder where the package has its name; `key` and `site` are told by the environment."""

    def __init__(self, folder: Path, key: str, site: str) -> None:
        self.folder = folder
        self.surroundings = {
            "PATH": commands.PATH,
            "KLING_SAAS_API_KEY": key,
            "KLING_SAAS_BASE_URL": site,
        }
        modules = folder / "node_modules"
        modules.mkdir()
        (modules / "kling-saas").symlink_to(PACKAGE)

    def run(self, program: str, **more: str) -> subprocess.CompletedProcess[str]:
        """A module, to its end."""
        return subprocess.run(
            [commands.NODE, "--input-type=module", "--eval", program],
            cwd=self.folder, env=self.surroundings | more, capture_output=True, text=True,
            timeout=300, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def told(self, body: str, **given: Any) -> Any:
        """What the body of a function returns, which knows `client` and what is `given`."""
        done = self.run(_PRELUDE % body, GIVEN=json.dumps(given))
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return json.loads(done.stdout)
