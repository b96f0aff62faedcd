"""The proxy and the certificates of this machine's network, in containers and image builds."""

import ssl
from pathlib import Path

import certifi
import pytest
from pydantic import ValidationError

from stacks.catalogue.by_stack import catalogue_for
from stacks.catalogue.outside import CA_ARGUMENT, write_bundle
from stacks.settings import LocalSettings

PROXY = "http://proxy.example.com:3128"
PUBLIC = certifi.contents()
END = "-----END CERTIFICATE-----"
OWN = """-----BEGIN CERTIFICATE-----
MIIBkDCCATegAwIBAgIUeIIF8UKKhDIhLLgpvosLmSJgVV0wCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSRXhhbXBsZSBDb21wYW55IENBMCAXDTI2MTEyODIwNTAzNloY
DzIxMjYxMTA0MjA1MDM2WjAdMRswGQYDVQQDDBJFeGFtcGxlIENvbXBhbnkgQ0Ew
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASNuNpATn/PHGShfiJg8Fw8OdVF9vnL
VXSTVIfFnxV8lX5YWbdpy6/xgGx7qKezh2j7xjS6cfak0JKvP05DS/r5o1MwUTAd
BgNVHQ4EFgQUnGclUfC69QFcPgRirt3x2HZcl9swHwYDVR0jBBgwFoAUnGclUfC6
9QFcPgRirt3x2HZcl9swDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBE
AiA8jSoGyNDorSROfiK+gRlK0GSMWZK0KK2wItUG8UMRZQIgT5+ibGUag5zSQCRx
Zc+RACiBFQbRB8E6LVIHfjQbMtc=
-----END CERTIFICATE-----
"""


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """A network's certificate, and a public one beside it."""
    first = PUBLIC.index("-----BEGIN")
    file = tmp_path / "company.pem"
    file.write_text(OWN + PUBLIC[first : PUBLIC.index("-----END") + len(END)] + "\n")
    return file


def test_without_settings_nothing_is_handed_on() -> None:
    catalogue = catalogue_for(LocalSettings())
    for workload in catalogue.workloads.values():
        assert not {"HTTPS_PROXY", "SSL_CERT_FILE"} & workload.environment.keys()
    assert catalogue.builds["copilot"].arguments.keys() == {"PYTHON_IMAGE"}


def test_containers_use_the_proxy_for_what_is_outside() -> None:
    catalogue = catalogue_for(LocalSettings(proxy=PROXY, no_proxy=(".example.com",)))
    for workload in catalogue.workloads.values():
        assert workload.environment["HTTPS_PROXY"] == PROXY
        # BusyBox's wget, which probes a page of its own container, would use it.
        assert not {"HTTP_PROXY", "http_proxy"} & workload.environment.keys()
        direct = str(workload.environment["NO_PROXY"]).split(",")
        assert {*catalogue.workloads, "127.0.0.1", ".example.com"} <= {*direct}


def test_builds_use_the_proxy() -> None:
    arguments = catalogue_for(LocalSettings(proxy=PROXY)).builds["copilot"].arguments
    assert {arguments[name] for name in ("HTTP_PROXY", "https_proxy")} == {PROXY}


def test_containers_trust_the_networks_certificates_and_the_public_ones(ca_file: Path) -> None:
    settings = LocalSettings(ca_file=ca_file)
    workload = catalogue_for(settings).workloads["copilot-worker"]
    (mount,) = [one for one in workload.mounts if one.target.startswith("/etc/copilot/ca-")]
    assert workload.environment["SSL_CERT_FILE"] == workload.environment["AWS_CA_BUNDLE"]
    assert workload.environment["SSL_CERT_FILE"] == mount.target
    bundle = Path(str(mount.folder))
    existed = bundle.exists()
    try:
        write_bundle(settings)
        trusted = ssl.create_default_context(cafile=str(bundle))
    finally:
        if not existed:
            bundle.unlink()
    public = ssl.create_default_context(cafile=certifi.where())
    assert trusted.cert_store_stats()["x509"] == public.cert_store_stats()["x509"] + 1


def test_builds_get_the_networks_own_certificates_alone(ca_file: Path) -> None:
    arguments = catalogue_for(LocalSettings(ca_file=ca_file)).builds["copilot"].arguments
    assert arguments[CA_ARGUMENT].strip() == OWN.strip()


@pytest.mark.parametrize(
    "proxy",
    ["http://user:secret@proxy.example.com:3128", "http://127.0.0.1:3128", "proxy.example.com"],
)
def test_a_proxy_that_containers_cannot_use_is_refused(proxy: str) -> None:
    with pytest.raises(ValidationError, match="proxy"):
        LocalSettings(proxy=proxy)


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(ValidationError, match=name):
            LocalSettings(ca_file=tmp_path / name)
