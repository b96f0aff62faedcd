"""Images under the product's public names, made of Debian's packages and the servers built here."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import BuildError

import docker
from components.images import Build
from stacks.catalogue.elasticsearch import PORT
from tests import postgres
from tests.docker import debian
from tests.docker.machine import NotHereError
from tests.fakes.pulumi.docker_package import API_VERSION
from tools import opensearch
from tools.build import ensure
from tools.servers import (
    PROMETHEUS,
    TEMPORAL_ELASTICSEARCH_TOOL,
    TEMPORAL_SERVER,
    TEMPORAL_SQL_TOOL,
    TEMPORAL_UI,
    Server,
    cache_folder,
)

_FOLDERS = Path(__file__).with_name("images")
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_DEBIAN = "debian:test"
ELASTICSEARCH = "elasticsearch"
COPILOT_PACKAGES = "copilot-packages:test"
"""The stage of the Copilot's image that installs Python packages."""


@dataclass(frozen=True)
class Recipe:
    """How one image is made: a folder beside this file, and servers that are put into it."""

    folder: str
    servers: tuple[Server, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    """More files and folders of the build context."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Arguments of the build."""


def _postgresql() -> Mapping[str, Path]:
    package = postgres.program("initdb").parents[2]
    libraries = package.with_name(f"{package.name}.libs")
    return {f"postgresql/{folder.name}": folder for folder in (package, libraries)}


def _opensearch() -> Recipe:
    """OpenSearch's jars, and the parts of this machine's Java that run them."""
    java = Path(shutil.which("java") or "").resolve().parents[1]
    files = {f"java/{part}": java / part for part in ("bin", "conf", "lib")}
    folder = Path("/usr/share/elasticsearch")
    command = opensearch.command("/opt/opensearch", folder / "config", folder / "data", PORT)
    return Recipe(
        ELASTICSEARCH,
        files={"jars": opensearch.ensure_jars(print), **files},
        arguments={"COMMAND": " ".join(command)},
    )


RECIPES: Mapping[str, Recipe] = {
    "postgres": Recipe("postgres", files=_postgresql()),
    "temporal_server": Recipe("temporal_server", (TEMPORAL_SERVER,)),
    "admin_tools": Recipe("admin_tools", (TEMPORAL_SQL_TOOL, TEMPORAL_ELASTICSEARCH_TOOL)),
    "temporal_ui": Recipe("temporal_ui", (TEMPORAL_UI,)),
    "mimir": Recipe("mimir", (PROMETHEUS,)),
    "grafana": Recipe("answering", arguments={"SERVICE": "grafana"}),
    "loki": Recipe("answering", arguments={"SERVICE": "loki"}),
    "alloy": Recipe("answering", arguments={"SERVICE": "alloy"}),
}
"""By the key that the stack gives the image; Elasticsearch's is made where Java is."""


def make(
    client: docker.DockerClient, names: Mapping[str, str], copilot: Build, prometheus_yml: str
) -> None:
    """Make the image `copilot`, and every image that `names` lists by key.

    `prometheus_yml` is the configuration of the Prometheus that replaces Mimir. Raises
    NotHereError.
    """
    _make_copilot(client, names["python"], copilot)
    with tempfile.TemporaryDirectory(prefix="prometheus-") as folder:
        scrapes = Path(folder) / "prometheus.yml"
        scrapes.write_text(prometheus_yml, encoding="utf-8")
        recipes = dict(RECIPES)
        if ELASTICSEARCH in names:
            recipes[ELASTICSEARCH] = _opensearch()
        for key, recipe in recipes.items():
            files = {**recipe.files, **({"prometheus.yml": scrapes} if key == "mimir" else {})}
            files |= {server.name: ensure(server, print) for server in recipe.servers}
            _build_folder(client, recipe.folder, names[key], files, recipe.arguments)


def _make_copilot(client: docker.DockerClient, python: str, copilot: Build) -> None:
    """Make the Copilot's image, and Debian as its base image `python`.

    Debian and the image's stage with Python packages are saved in the cache folder by their recipe:
    Debian's packages, the certificates, the Dockerfile and the requirements.
    """
    files = [*_FOLDERS.glob("debian/*"), _CERTIFICATES, copilot.dockerfile]
    files += [copilot.context / "requirements" / "copilot.txt", Path(debian.__file__)]
    recipe = [debian.suite(), *(path.read_text(encoding="utf-8") for path in files)]
    digest = hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:12]
    saved = cache_folder() / "images" / f"copilot-{digest}.tar"
    if saved.is_file():
        with saved.open("rb") as archive:
            client.images.load(archive)
    else:
        _make_debian(client)
        client.images.get(_DEBIAN).tag(python)
    for image, stage in ((COPILOT_PACKAGES, "packages"), (copilot.name, "")):
        _build(
            client,
            image,
            copilot.context,
            copilot.arguments,
            dockerfile=str(copilot.dockerfile),
            target=stage,
            cache_from=[COPILOT_PACKAGES],
        )
    if not saved.is_file():
        _save(client, [_DEBIAN, python, COPILOT_PACKAGES], saved)


def _make_debian(client: docker.DockerClient) -> None:
    with tempfile.TemporaryDirectory(prefix="debian-") as folder:
        archive = Path(folder) / "root.tar"
        debian.write_root_archive(archive)
        importer: Any = client.api  # the method has no types
        importer.import_image_from_file(str(archive), repository="debian-packages", tag="test")
    _build_folder(client, "debian", _DEBIAN, {"ca-certificates.crt": _CERTIFICATES}, {})


def _save(client: docker.DockerClient, images: list[str], archive: Path) -> None:
    """Write the images into a new archive, in the place of those of older recipes."""
    shutil.rmtree(archive.parent, ignore_errors=True)
    archive.parent.mkdir(parents=True)
    unfinished = archive.with_suffix(".unfinished")
    # The SDK saves one image at a time, which would store Debian's layers several times.
    url = f"{client.api.base_url}/v{API_VERSION}/images/get"
    with client.api.get(url, params={"names": images}, stream=True) as answer:
        answer.raise_for_status()
        with unfinished.open("wb") as file:
            file.writelines(answer.iter_content(1024 * 1024))
    unfinished.replace(archive)


def _build_folder(
    client: docker.DockerClient,
    folder: str,
    tag: str,
    files: Mapping[str, Path],
    arguments: Mapping[str, str],
) -> None:
    """Build an image of a folder beside this file, with more files and folders in its context."""
    with tempfile.TemporaryDirectory(prefix="image-") as context:
        shutil.copytree(_FOLDERS / folder, context, dirs_exist_ok=True)
        for name, source in files.items():
            target = Path(context) / name
            target.parent.mkdir(exist_ok=True)
            if source.is_dir():
                # Java's sources, which another package has, are such a link.
                shutil.copytree(source, target, ignore_dangling_symlinks=True)
            else:
                shutil.copy2(source, target)
        _build(client, tag, Path(context), arguments)


def _build(
    client: docker.DockerClient,
    tag: str,
    context: Path,
    arguments: Mapping[str, str],
    *,
    dockerfile: str = "Dockerfile",
    target: str = "",
    cache_from: Sequence[str] = (),
) -> None:
    try:
        client.images.build(
            path=str(context),
            tag=tag,
            dockerfile=dockerfile,
            buildargs=dict(arguments),
            target=target,
            cache_from=[*cache_from],
            rm=True,
        )
    except BuildError as error:
        log = "".join(str(entry.get("stream", "")) for entry in error.build_log)
        raise NotHereError(f"building {tag} failed: {error}: {log[-2000:]}") from error
