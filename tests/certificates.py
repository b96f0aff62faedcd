"""Certificates of private CAs as files, for servers and clients of tests."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """A CA with a client certificate, and a second CA with another."""

    ca: trustme.CA
    ca_file: Path
    client_file: Path
    client_key: Path
    other_ca_file: Path
    other_client_file: Path
    other_client_key: Path


def write_certificates(folder: Path) -> Certificates:
    ca, other = trustme.CA(), trustme.CA()
    ca_file, other_ca_file = folder / "ca.pem", folder / "other-ca.pem"
    ca.cert_pem.write_to_path(str(ca_file))
    other.cert_pem.write_to_path(str(other_ca_file))
    client, key = write_leaf(ca.issue_cert("sre@copilot.test"), folder, "client")
    other_client, other_key = write_leaf(other.issue_cert("sre@copilot.test"), folder, "other")
    return Certificates(ca, ca_file, client, key, other_ca_file, other_client, other_key)


def write_leaf(leaf: trustme.LeafCert, folder: Path, name: str) -> tuple[Path, Path]:
    """Files of the certificate with its chain, and of its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(str(key))
    return certificate, key
