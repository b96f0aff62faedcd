"""Images under the product's public names, made of Debian's packages and the servers built here."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import BuildError

import docker
from tests.docker.debian import NotHereError, base_archive
from tools.build import ensure
from tools.servers import PROMETHEUS, TEMPORAL_SERVER, TEMPORAL_SQL_TOOL, TEMPORAL_UI, Server

_FOLDERS = Path(__file__).with_name("images")
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_PACKAGES = "debian-packages:test"
_DEBIAN = "debian:test"


@dataclass(frozen=True)
class Recipe:
    """How one image is made: a folder beside this file, and a server that is put into it."""

    folder: str
    server: Server | None = None
    service: str = ""
    """What the stand-in that only answers stands in for."""


RECIPES: Mapping[str, Recipe] = {
    "postgres": Recipe("postgres"),
    "temporal_server": Recipe("temporal_server", TEMPORAL_SERVER),
    "admin_tools": Recipe("admin_tools", TEMPORAL_SQL_TOOL),
    "temporal_ui": Recipe("temporal_ui", TEMPORAL_UI),
    "mimir": Recipe("mimir", PROMETHEUS),
    "grafana": Recipe("answering", service="grafana"),
    "loki": Recipe("answering", service="loki"),
    "alloy": Recipe("answering", service="alloy"),
}
"""By the key that the stack gives the image."""


def make(client: docker.DockerClient, names: Mapping[str, str], prometheus_yml: str) -> None:
    """Make every image that `names` lists by key, and the Python image that ours is built from.

    `prometheus_yml` says what the Prometheus in Mimir's place scrapes. Raises NotHereError.
    """
    repository, tag = _PACKAGES.split(":")
    importer: Any = client.api  # the method has no types
    importer.import_image_from_file(str(base_archive()), repository=repository, tag=tag)
    _build(client, _DEBIAN, "debian", {"ca-certificates.crt": _CERTIFICATES})
    client.images.get(_DEBIAN).tag(names["python"])
    with tempfile.TemporaryDirectory(prefix="prometheus-") as folder:
        scrapes = Path(folder) / "prometheus.yml"
        scrapes.write_text(prometheus_yml, encoding="utf-8")
        for key, recipe in RECIPES.items():
            files = {"prometheus.yml": scrapes} if key == "mimir" else {}
            if recipe.server:
                files[recipe.server.name] = ensure(recipe.server, print)
            _build(client, names[key], recipe.folder, files, SERVICE=recipe.service)


def _build(
    client: docker.DockerClient,
    name: str,
    folder: str,
    files: Mapping[str, Path],
    **arguments: str,
) -> None:
    with tempfile.TemporaryDirectory(prefix="image-") as context:
        shutil.copytree(_FOLDERS / folder, context, dirs_exist_ok=True)
        for file, source in files.items():
            shutil.copy2(source, Path(context) / file)
        try:
            client.images.build(path=context, tag=name, buildargs=arguments, rm=True)
        except BuildError as error:
            said = "".join(str(entry.get("stream", "")) for entry in error.build_log)
            raise NotHereError(f"building {name} failed: {error}: {said[-2000:]}") from error
