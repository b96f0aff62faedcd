"""The Claude models on Bedrock that are the defaults. Their ids stand only here."""

_QUICK = "claude-sonnet-5-5"
_DEEP = "claude-opus-5-5"
# Areas whose profiles keep requests there, by the beginning of the region; the first that fits.
_AREAS = {
    "eu-": "eu",
    "us-gov-": "us-gov",
    "us-": "us",
    "ap-northeast-1": "jp",
    "ap-northeast-3": "jp",
    "ap-southeast-2": "au",
    "ap-southeast-4": "au",
}
EXAMPLE = f"bedrock:eu.anthropic.{_QUICK}"
"""A value of the setting `model`."""


def quick_model(region: str) -> str:
    """The model that writes explanations, as provider:model."""
    return _profile(_QUICK, region)


def deep_model(region: str) -> str:
    """The larger model for critical states, as provider:model."""
    return _profile(_DEEP, region)


def _profile(name: str, region: str) -> str:
    """The geographic inference profile that serves the region, else the global one."""
    areas = (area for beginning, area in _AREAS.items() if region.startswith(beginning))
    return f"bedrock:{next(areas, 'global')}.anthropic.{name}"
