"""The way to the internet: a proxy and CA certificates of this machine's network.

Containers and image builds have neither by themselves.
"""

import hashlib
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import certifi

from components.workload import Mount, Workload
from stacks.catalogue.files import ROOT
from stacks.settings import ContainerSettings

CA_ARGUMENT = "CA_CERTIFICATES"
"""Build argument of our Dockerfiles: certificates that the build trusts beside its image's own."""
# Addresses of container networks: some clients resolve a name before they choose the proxy.
_INSIDE = (
    *("localhost", "127.0.0.1", "::1", "host.docker.internal"),
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
)
_BUNDLE_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_BEGIN = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----"
W = TypeVar("W", bound=Workload)


def with_way_out(
    workloads: Iterable[W], settings: ContainerSettings, names: Iterable[str]
) -> tuple[W, ...]:
    """The workloads with the network's proxy and certificates; `names` are reached directly."""
    environment = _proxy_variables(settings, names)
    mounts: tuple[Mount, ...] = ()
    if settings.ca_file:
        bundle = _bundle_path(settings.ca_file)
        target = f"/etc/copilot/{bundle.name}"
        mounts = (Mount(target, folder=str(bundle)),)
        environment |= dict.fromkeys(_BUNDLE_VARIABLES, target)
    return tuple(
        replace(one, environment={**environment, **one.environment}, mounts=(*one.mounts, *mounts))
        for one in workloads
    )


def build_arguments(settings: ContainerSettings) -> Mapping[str, str]:
    """Build arguments for the proxy, which Docker knows by name, and for the certificates."""
    arguments: dict[str, str] = {}
    if settings.proxy:
        no_proxy = ",".join((*_INSIDE, *settings.no_proxy))
        for name, value in (
            ("HTTP_PROXY", settings.proxy),
            ("HTTPS_PROXY", settings.proxy),
            ("NO_PROXY", no_proxy),
        ):
            arguments |= {name: value, name.lower(): value}
    if settings.ca_file:
        arguments[CA_ARGUMENT] = "\n".join(_private(settings.ca_file))
    return arguments


def write_bundle(settings: ContainerSettings) -> None:
    """Write the file that containers mount. Raises OSError."""
    if settings.ca_file:
        path = _bundle_path(settings.ca_file)
        path.parent.mkdir(exist_ok=True)
        path.write_text(_bundle(settings.ca_file), encoding="ascii")


def _proxy_variables(settings: ContainerSettings, names: Iterable[str]) -> dict[str, str]:
    """Without HTTP_PROXY: what is outside is HTTPS, and BusyBox's wget knows no NO_PROXY."""
    if not settings.proxy:
        return {}
    no_proxy = ",".join((*_INSIDE, *sorted(names), *settings.no_proxy))
    pairs = (("HTTPS_PROXY", settings.proxy), ("NO_PROXY", no_proxy))
    return {name: value for key, value in pairs for name in (key, key.lower())}


def _bundle_path(ca_file: Path) -> Path:
    """A name of its own for each content, so that a change replaces the containers."""
    digest = hashlib.sha256(_bundle(ca_file).encode()).hexdigest()[:12]
    return ROOT / ".state" / f"ca-bundle-{digest}.pem"


@cache
def _bundle(ca_file: Path) -> str:
    """The public certificates and the network's own."""
    return "\n".join((*_certificates(certifi.contents()), *_private(ca_file), ""))


@cache
def _private(ca_file: Path) -> tuple[str, ...]:
    """The certificates that are not public ones, because a build argument is at most 128 kB."""
    public = {ssl.PEM_cert_to_DER_cert(one) for one in _certificates(certifi.contents())}
    every = _certificates(ca_file.read_text(encoding="utf-8"))
    return tuple(one for one in every if ssl.PEM_cert_to_DER_cert(one) not in public)


def _certificates(text: str) -> list[str]:
    """The certificates of a PEM text, without what stands between them."""
    return [
        f"{_BEGIN}{part.partition(_END)[0]}{_END}"
        for part in text.split(_BEGIN)[1:]
        if _END in part
    ]
