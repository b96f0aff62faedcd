"""The causes of a failed operation, without the errors that follow from them."""

import re
from collections.abc import Iterable, Iterator

from tdeploy.engine.resource import Resource

# Colours in the engine's events.
_MARKUP = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")
_CONSEQUENCES = (
    # The program, after the engine has stopped for another reason.
    re.compile(r"KeyboardInterrupt|The Pulumi CLI encountered|grpc_status|StatusCode\.\w+"),
    # Hooks and providers, whose connection is closed by then.
    re.compile(r"rpc error: code = (Unavailable|Canceled)|\bcontext canceled\b"),
    # A failed job has reported its cause before.
    re.compile(r"its log is above$"),
    re.compile(r"^(update|preview|destroy|refresh) failed$"),
    re.compile(r"^resource registration failed"),
    re.compile(r"^Resource monitor (is|has)"),
    re.compile(r"^Running program .* failed with an unhandled exception:\s*$"),
    re.compile(r"^an unhandled error occurred: Program exited with non-zero exit code"),
)
# Terraform's SDK, on which real providers are built, puts this before the cause.
_PREFIX = re.compile(
    r"^(error: )?(sdk-v2/\S+ )?(sdk\.helper_schema: )?(\d+ errors? occurred:\s*\*\s*)?"
)
_NOT_TARGETED = re.compile(r"depends on '(?P<urn>[^']+)' which was .*not specified in --target")
_PROTECTED = re.compile(
    r"(?P<urn>urn:pulumi:(?P<stack>[^:]+)::[^'\"\s]+).*cannot be (deleted|replaced)\s+because it is"
    r" protected",
    re.DOTALL,
)
_TRACEBACK = "Traceback (most recent call last)"


def causes(errors: Iterable[tuple[Resource | None, str]]) -> list[str]:
    """Each cause once, with its first resource and the number of the others.

    Empty where all errors are consequences.
    """
    labels: dict[str, list[str]] = {}
    for label, text in _causes(errors):
        found = labels.setdefault(text, [])
        if label and label not in found:
            found.append(label)
    return [
        f"{_first_and_more(found)}: {text}" if found else text for text, found in labels.items()
    ]


def _first_and_more(labels: list[str]) -> str:
    more = len(labels) - 1
    return f"{labels[0]} and {more} more" if more else labels[0]


def _causes(errors: Iterable[tuple[Resource | None, str]]) -> Iterator[tuple[str, str]]:
    """Label of the resource, "" where the text names it, and text."""
    for resource, message in errors:
        text = _MARKUP.sub("", message).strip()
        if not text or any(pattern.search(text) for pattern in _CONSEQUENCES):
            continue
        if _TRACEBACK in text:
            text = f"the program ended with {text.splitlines()[-1].strip()}, which is a bug of ours"
        if dependency := _NOT_TARGETED.search(text):
            label = Resource.from_urn(dependency["urn"]).label
            yield "", f"{label} does not exist yet: `tdeploy up` creates it"
            continue
        if protected := _PROTECTED.search(text):
            stack = protected["stack"]
            yield (
                "",
                f"{Resource.from_urn(protected['urn']).label} is protected: to delete it, run"
                f" `tdeploy pulumi config set -s {stack} protected false`, `tdeploy pulumi up"
                f" -s {stack}`, then this again",
            )
            continue
        text = _PREFIX.sub("", text)
        has_label = resource and not resource.is_group and resource.name not in text
        yield resource.label if resource and has_label else "", text
