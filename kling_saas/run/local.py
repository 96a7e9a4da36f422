"""The order in which one machine becomes the product: database, schema, demo data, processes."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

from generations.catalogue.newcomers import FIRST_MODEL, FIRST_PROMPT
from kling_saas import env
from kling_saas.env import ConfigError
from kling_saas.run.children import Child, Family
from kling_saas.run.postgres import APP, OWNER, EmbeddedPostgres

HOST = "127.0.0.1"
_CONFIGURATION = "Configuration: "  # how manage.py begins its one line about a bad setting


class LocalRun:
    """`make run`. Everything it writes is under VAR; a second run finds and keeps it."""

    def __init__(self) -> None:
        env.load(generated=False)
        self.var = env.data_dir()
        self.port = env.port("PORT", 8000, "Port of the site in make run.")
        self.sandbox_port = env.port(
            "SANDBOX_PORT",
            self.port + (1 if self.port < 65535 else -1),
            "Port of the sandbox upstream in make run; the one beside PORT.",
        )
        self.payments_port = env.port(
            "PAYMENTS_PORT",
            self.port + (2 if self.port < 65534 else -2),
            "Port of the payments sandbox in make run; the one after PORT and SANDBOX_PORT.",
        )
        if len({self.port, self.sandbox_port, self.payments_port}) < 3:
            raise ConfigError("PORT, SANDBOX_PORT and PAYMENTS_PORT must differ")
        self.only_database = env.flag(
            "ONLY_DATABASE", False, "make run starts and prepares the database, and nothing else."
        )
        # Who has a key of Stripe's needs none that stands in for it.
        self.has_stripe = any(
            os.environ.get(name) for name in ("STRIPE_SECRET_KEY", "STRIPE_SECRET_KEY_FILE")
        )
        self.postgres: EmbeddedPostgres | None = None
        self.stop_asked = False

    def run(self) -> None:
        """Start everything, say where it is, keep it alive until Ctrl-C. Raises ConfigError."""
        began = time.monotonic()
        for sentence in env.strangers(env.ROOT / ".env"):
            sys.stderr.write(f"Warning: {sentence}\n")
        if not self.var.exists():
            self._need_ports()  # before anything is written
        self._prepare_folder()
        self._need_ports()
        (self.var / "run.pid").write_text(str(os.getpid()))
        signal.signal(signal.SIGINT, self._ask_stop)
        signal.signal(signal.SIGTERM, self._ask_stop)
        family = Family([])
        try:
            self._start_database(family)
            self._configure()
            self._manage("prepare")
            if not self.only_database:
                self._start_processes(family)
                self._wait_for_site(family)
            self._greet(time.monotonic() - began)
            while not self.stop_asked:
                family.watch_once()
                time.sleep(0.2)
        finally:
            family.children = [c for c in family.children if c.name != "postgres"]
            family.stop()
            if self.postgres:
                self.postgres.stop()
            (self.var / "run.pid").unlink(missing_ok=True)

    def _ask_stop(self, _signal: int, _frame: FrameType | None) -> None:
        if self.stop_asked:
            return
        self.stop_asked = True
        sys.stdout.write("\nStopping …\n")

    def _prepare_folder(self) -> None:
        try:
            self.var.mkdir(parents=True, exist_ok=True)
            # Held until this process ends, however it ends: two would fight over one database.
            self._lock = (self.var / "run.lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"the product runs already on {self.var}: stop it first, "
                f"or run a second one beside it with `make run PORT=8200 VAR=var-two`"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"the data folder {self.var} cannot be written ({error.strerror}): "
                f"set VAR to a folder you own"
            ) from None

    def _need_ports(self) -> None:
        self._need_port(self.port, "PORT")
        self._need_port(self.sandbox_port, "SANDBOX_PORT")
        if not self.has_stripe:
            self._need_port(self.payments_port, "PAYMENTS_PORT")

    def _need_port(self, port: int, name: str) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise ConfigError(
                    f"port {port} cannot be used ({error.strerror}): "
                    f"choose another with `make run {name}={port + 100}` "
                    f"(and VAR=var-two to run beside another one)"
                ) from None

    def _start_database(self, family: Family) -> None:
        if os.environ.get("DATABASE_URL"):
            return
        self.postgres = EmbeddedPostgres(self.var / "postgres")
        self.postgres.start()
        database = Child("postgres", start=self.postgres.start)
        database.process, database.started = self.postgres.process, time.monotonic()
        family.children.append(database)

    def _configure(self) -> None:
        """Settings of this place, written for `manage.py` beside the running stack as well."""
        path = self.var / "local.env"
        kept = env.read_file(path) if path.exists() else {}
        site = f"http://{HOST}:{self.port}"
        values = {
            "DEMO": "1",
            "SECRET_KEY": kept.get("SECRET_KEY") or secrets.token_urlsafe(48),
            "ENCRYPTION_KEYS": kept.get("ENCRYPTION_KEYS")
            or f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            "SITE_URL": site,
            "SANDBOX_URL": f"http://{HOST}:{self.sandbox_port}",
            "SANDBOX_SPEED": "60",
            "DRAIN_SECONDS": "3",
            "ALLOW_PRIVATE_ADDRESSES": "1",
            "LOG_LEVEL": "WARNING",
        }
        if not self.has_stripe:
            values |= self._payments(kept)
        if self.postgres:
            values["DATABASE_URL"] = self.postgres.url(APP)
            values["DATABASE_OWNER_URL"] = self.postgres.url(OWNER)
        lines = ["# Written by make run; your own settings belong in .env, which wins."]
        lines += [f"{name}={value}" for name, value in values.items()]
        write_private(path, "\n".join(lines) + "\n")
        env.fill(values)

    def _payments(self, kept: dict[str, str]) -> dict[str, str]:
        """Where the payments sandbox is, and what it and the product know each other by."""
        return {
            "PAYMENTS_URL": f"http://{HOST}:{self.payments_port}",
            "PAYMENTS_SECRET_KEY": kept.get("PAYMENTS_SECRET_KEY")
            or f"sk_test_{secrets.token_hex(24)}",
            "PAYMENTS_WEBHOOK_SECRET": kept.get("PAYMENTS_WEBHOOK_SECRET")
            or f"whsec_{secrets.token_hex(24)}",
        }

    def _manage(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=env.ROOT,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        said = done.stderr.strip()
        if done.returncode and said.startswith(_CONFIGURATION) and "\n" not in said:
            raise ConfigError(said.removeprefix(_CONFIGURATION))
        sys.stderr.write(done.stderr)
        if done.returncode:
            raise ConfigError(f"`manage.py {' '.join(arguments)}` failed; its reason stands above")

    def _start_processes(self, family: Family) -> None:
        python = sys.executable
        web = [python, "-m", "uvicorn", "kling_saas.asgi:application", "--host", HOST]
        web += ["--port", str(self.port), "--log-level", "warning"]
        # Nobody is believed to be a proxy for saying so: TRUSTED_PROXIES decides that.
        web += ["--timeout-graceful-shutdown", "3", "--no-proxy-headers"]
        sandbox = [python, "-m", "generations.sandbox", "--port", str(self.sandbox_port)]
        family.children += [
            Child("web", web),
            Child("worker", [python, "manage.py", "work"]),
            Child("sandbox", [*sandbox, "--data", str(self.var / "sandbox")]),
        ]
        if not self.has_stripe:
            payments = [python, "-m", "billing.sandbox", "--port", str(self.payments_port)]
            family.children.append(
                Child(
                    "payments",
                    [*payments, "--data", str(self.var / "payments")],
                    {"PAYMENTS_WEBHOOK_URL": f"{os.environ['SITE_URL']}/webhooks/stripe"},
                )
            )
        for child in family.children:
            if not child.process:
                child.launch()

    def _wait_for_site(self, family: Family) -> None:
        deadline = time.monotonic() + 60
        while not self.stop_asked:
            family.watch_once()
            try:
                with urllib.request.urlopen(f"http://{HOST}:{self.port}/readyz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                if time.monotonic() > deadline:
                    raise ConfigError(
                        "the site did not answer in 60 s; see the lines above"
                    ) from None
                time.sleep(0.1)

    def _greet(self, seconds: float) -> None:
        facts = json.loads((self.var / "run.json").read_text())
        order = json.dumps({"model": FIRST_MODEL, "prompt": FIRST_PROMPT})
        curl = (
            f"curl -sS {facts['site']}/api/v1/generations -H 'Prefer: wait=60' "
            f"-H 'Authorization: Bearer {facts['test_key']}' -H 'Content-Type: application/json' "
            f"-d '{order}'"
        )
        cards = f"{facts['payments']} (simulated: no card is charged)"
        mail = "sent as EMAIL_URL says" if os.environ.get("EMAIL_URL") else "shown here"
        sys.stdout.write(
            f"\nKling SaaS is running ({seconds:.1f} s). Films come from the sandbox upstream.\n\n"
            f"  Site     {facts['site']}\n"
            f"  Sign in  {facts['login']['email']} / {facts['login']['password']}\n"
            f"  Console  {facts['site']}/admin/  "
            f"({facts['admin']['email']} / {facts['admin']['password']})\n"
            f"  Sandbox  {facts['sandbox']}/faults\n"
            f"  Payments {cards if facts['payments'] else 'by Stripe'}\n"
            f"  Mail     {mail}\n"
            f"  Test key {facts['test_key']}\n\n"
            f"  Make a film:\n  {curl}\n\nCtrl-C stops everything.\n\n"
        )
        sys.stdout.flush()


def write_private(path: Path, content: str) -> None:
    """Replace `path` atomically with a file that only we may read."""
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    temporary.replace(path)
