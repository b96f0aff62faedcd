"""OpenSearch, which the lab and the tests run in Elasticsearch's place: the same API, Apache-2.0.

Its jars come from Maven's repository by `pom.xml`, which pins the version; `jars.sha256` pins the
content of each jar. They run on Java 17 or later.
"""

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.errors import ToolsError
from tools.running import Progress, only_builder, run
from tools.servers import cache_folder

NAME = "opensearch"
_HERE = Path(__file__).parent
_POM = _HERE / "pom.xml"
_HASHES = _HERE / "jars.sha256"
_MAIN = "org.codelibs.opensearch.runner.OpenSearchRunner"
_MODULES = (
    "org.opensearch.transport.Netty4Plugin",
    "org.opensearch.index.mapper.MapperExtrasPlugin",
)
_OLDEST_JAVA = 17
_COLD_MINUTES = 0.5
_VERSION_SECONDS = 30


def missing() -> str:
    """What this machine lacks to run OpenSearch, with what to install; empty if it has all."""
    java = _java_version()
    if java < _OLDEST_JAVA:
        found = f"Java {java}" if java else "no Java"
        return f"OpenSearch needs Java {_OLDEST_JAVA}, and this machine has {found}: install it"
    if not folder().is_dir() and not shutil.which("mvn"):
        return "OpenSearch's jars are missing, and Maven is not installed to get them: install it"
    return ""


def folder() -> Path:
    """Folder of the jars in the cache; the name changes with every jar."""
    pinned = hashlib.sha256(_HASHES.read_bytes()).hexdigest()[:12]
    return cache_folder() / "bin" / f"{NAME}-{_version()}-{pinned}"


def ensure_jars(progress: Progress) -> Path:
    """Return the folder of the jars, after getting them if they are missing. Raises ToolsError."""
    if lacking := missing():
        raise ToolsError(lacking)
    target = folder()
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with only_builder(target.with_name(f"{NAME}.lock"), NAME, progress):
            # Another process may have got them while this one waited for the lock.
            if not target.is_dir():
                _get(target, progress)
    return target


def command(jars: str | Path, config: str | Path, data: str | Path, port: int) -> list[str]:
    """The command of one node with the `opensearch.yml` in the folder `config`.

    The port must be below 9300. The node stops on SIGTERM.
    """
    return [
        "java",
        # As the container of the stacks.
        "-Xms256m",
        "-Xmx256m",
        # With these, and without modules that Temporal does not use, it starts in a third of the
        # CPU time.
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        f"{jars}/*",
        _MAIN,
        *("-moduleTypes", ",".join(_MODULES)),
        *("-basePath", str(data), "-confPath", str(config), "-numOfNode", "1"),
        # It adds the number of the node.
        *("-baseHttpPort", str(port - 1)),
    ]


def _get(target: Path, progress: Progress) -> None:
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-", dir=target.parent) as temporary:
        jars = Path(temporary) / "jars"
        run(
            [
                "mvn",
                "--batch-mode",
                "--no-transfer-progress",
                "--strict-checksums",
                f"--file={_POM}",
                "dependency:copy-dependencies",
                f"-DoutputDirectory={jars}",
            ],
            f"getting {NAME} {_version()}",
            _COLD_MINUTES,
            progress,
            folder=_HERE,
            variables={},
        )
        _check(jars)
        jars.replace(target)


def _check(jars: Path) -> None:
    pinned = (line.split() for line in _HASHES.read_text().splitlines())
    expected = {name: digest for digest, name in pinned}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars.iterdir()}
    if found != expected:
        wrong = sorted(name for name, _ in expected.items() ^ found.items())
        raise ToolsError(f"{wrong[0]} is not the jar that {_HASHES} pins: do not use it")


def _version() -> str:
    found = re.search(r"<version>([\d.]+)</version>\s*</dependency>", _POM.read_text())
    if not found:
        raise ToolsError(f"{_POM} names no version of {NAME}")
    return found[1]


def _java_version() -> int:
    """The major version of the `java` on PATH; 0 without one."""
    java = shutil.which("java")
    if not java:
        return 0
    try:
        answer = subprocess.run(
            [java, "-version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(\d+)', answer.stderr)
    return int(found[1]) if found else 0
