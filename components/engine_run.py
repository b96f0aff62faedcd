"""A container that runs a workload once outside of Pulumi, and leaves nothing."""

import io
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass

from docker.types import Mount

from components.container import HOST_NAME
from components.docker_engine import docker_client
from components.workload import File, Workload


@dataclass(frozen=True)
class Output:
    """What a container wrote."""

    stdout: str
    stderr: str


def run_once(name: str, image: str, workload: Workload, seconds: float) -> Output:
    """The output of a workload whose values are all plain strings.

    It is ended after `seconds`. Raises DockerEngineError.
    """
    with docker_client() as client:
        container = client.containers.create(
            image,
            name=name,
            entrypoint=list(workload.entrypoint),
            command=[str(word) for word in workload.command],
            environment={key: str(value) for key, value in workload.environment.items()},
            user=workload.user,
            # Not as `volumes`: with these the engine would create a folder that is missing.
            mounts=[
                Mount(one.target, one.folder, type="bind", read_only=not one.writable)
                for one in workload.mounts
            ],
            mem_limit=f"{workload.memory_mb}m",
            extra_hosts={HOST_NAME: "host-gateway"} if workload.reaches_host else None,
        )
        try:
            if workload.files:
                container.put_archive("/", _archive(workload.files))
            container.start()
            container.wait(timeout=seconds)
            stdout = container.logs(stdout=True, stderr=False).decode(errors="replace")
            return Output(
                stdout, container.logs(stdout=False, stderr=True).decode(errors="replace")
            )
        finally:
            container.remove(force=True, v=True)


def _archive(files: Iterable[File]) -> bytes:
    """The files as the Docker provider writes them, readable by every user of the container."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for file in files:
            data = str(file.content).encode()
            entry = tarfile.TarInfo(file.path.removeprefix("/"))
            entry.size, entry.mode, entry.mtime = len(data), 0o644, int(time.time())
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()
