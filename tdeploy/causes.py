"""Why an operation failed, without what the engine says in consequence."""

import re
from collections.abc import Iterable, Iterator

from tdeploy.progress import Resource

# Colours, as the engine writes them into its events.
_MARKUP = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")
_CONSEQUENCES = (
    # How the program ends when the engine has stopped for another reason.
    re.compile(r"KeyboardInterrupt|The Pulumi CLI encountered|grpc_status|StatusCode\.\w+"),
    # Its hooks and providers, which are gone then.
    re.compile(r"rpc error: code = (Unavailable|Canceled)|\bcontext canceled\b"),
    # The job that failed has told why already.
    re.compile(r"as said above$"),
    re.compile(r"^(update|preview|destroy|refresh) failed$"),
    re.compile(r"^resource registration failed"),
    re.compile(r"^Resource monitor (is|has)"),
    re.compile(r"^Running program .* failed with an unhandled exception:\s*$"),
    re.compile(r"^an unhandled error occurred: Program exited with non-zero exit code"),
)
# What Terraform's library, which real providers are made of, puts around it.
_BEFORE_THE_CAUSE = re.compile(
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
    """Each cause once, with the resource that it is about; empty where only consequences are.

    What many resources fail of is said of the first, with the number of the others.
    """
    labels: dict[str, list[str]] = {}
    for label, text in _causes(errors):
        found = labels.setdefault(text, [])
        if label and label not in found:
            found.append(label)
    return [f"{_together(found)}: {text}" if found else text for text, found in labels.items()]


def _together(labels: list[str]) -> str:
    more = len(labels) - 1
    return f"{labels[0]} and {more} more" if more else labels[0]


def _causes(errors: Iterable[tuple[Resource | None, str]]) -> Iterator[tuple[str, str]]:
    """Label of the resource, empty where the text names it itself, and text."""
    for resource, message in errors:
        text = _MARKUP.sub("", message).strip()
        if not text or any(pattern.search(text) for pattern in _CONSEQUENCES):
            continue
        if _TRACEBACK in text:
            text = f"the program ended with {text.splitlines()[-1].strip()}, which is a bug of ours"
        if needed := _NOT_TARGETED.search(text):
            yield "", f"{Resource.of(needed['urn']).label} is not there yet: `tdeploy up` makes it"
            continue
        if kept := _PROTECTED.search(text):
            yield (
                "",
                f"{Resource.of(kept['urn']).label} is protected and stays: where it really should"
                f" go, `tdeploy pulumi config set -s {kept['stack']} protected false`, `tdeploy"
                f" pulumi up -s {kept['stack']}`, then this again",
            )
            continue
        text = _BEFORE_THE_CAUSE.sub("", text)
        is_named = resource is None or resource.is_group or resource.name in text
        yield "" if resource is None or is_named else resource.label, text
