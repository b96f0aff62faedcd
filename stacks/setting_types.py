"""The types of single settings; a refusal and docs/stacks.md show the same description."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from copilot.setting_types import TextForm, split_names

# Ports that need no privilege.
Port = Annotated[int, Field(ge=1024, le=65535)]
Megabytes = Annotated[int, Field(ge=64)]
ImageName = Annotated[
    str, TextForm(r"[^\s@]+(:[^\s@/]+|@sha256:[0-9a-f]{64})", "NAME:TAG or NAME@sha256:DIGEST")
]
Namespace = Annotated[
    str,
    TextForm(
        r"[A-Za-z0-9][A-Za-z0-9._-]*",
        "letters, digits, dots, dashes and underscores, with a letter or digit first",
    ),
]
Namespaces = Annotated[tuple[Namespace, ...], BeforeValidator(split_names)]
"""A list, or names separated by commas."""
NamespacePattern = Annotated[
    str,
    TextForm(
        r"[A-Za-z0-9*?][A-Za-z0-9._*?-]*",
        "letters, digits, dots, dashes and underscores, and `*` and `?` in a pattern",
    ),
]
NamespacePatterns = Annotated[tuple[NamespacePattern, ...], BeforeValidator(split_names)]
ScrapeAddress = Annotated[
    str, TextForm(r"[A-Za-z0-9][A-Za-z0-9._-]*:[0-9]{1,5}", "host:port, such as orders-worker:9090")
]
AwsRegion = Annotated[
    str, TextForm(r"[a-z]{2}(-[a-z]+)+-\d", "the code of an AWS region, such as eu-west-1")
]
# The longest name of a bucket that begins with it has 63 characters, the limit of S3.
ProjectName = Annotated[
    str,
    TextForm(
        # Bedrock takes single dashes only; S3 reserves the prefixes.
        r"(?=.{2,31}$)(?!sthree-|amzn-s3-demo-)[a-z](-?[a-z0-9])+",
        "2 to 31 lower-case letters, digits and single dashes, with a letter first, no dash last,"
        " and not beginning with sthree- or amzn-s3-demo-",
    ),
]
DsqlEndpoint = Annotated[
    str,
    TextForm(
        r"[a-z0-9]+\.dsql\.[a-z0-9-]+\.on\.aws",
        "an endpoint of Aurora DSQL, such as abc.dsql.eu-west-1.on.aws",
    ),
]
SchemaVersion = Annotated[str, TextForm(r"[0-9]+\.[0-9]+", "a version, such as 1.1")]
# A password would show in `docker inspect` and in Pulumi's state.
ProxyUrl = Annotated[
    str,
    TextForm(
        r"http://(?!localhost|127\.)[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]{1,5}",
        "http://HOST:PORT without a password; in a container, localhost is the container",
    ),
]
ProxyException = Annotated[
    str,
    TextForm(r"\.?[A-Za-z0-9][A-Za-z0-9.:/-]*", "a host, a domain such as .example.com, or CIDR"),
]
