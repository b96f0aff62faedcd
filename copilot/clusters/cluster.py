"""The description of one monitored cluster."""

from typing import Self

from pydantic import ConfigDict

from copilot.setting_groups import CanarySettings, SourceSettings
from copilot.settings import Settings


class ClusterSettings(CanarySettings, SourceSettings):
    """One cluster's name and sources; those of two files are equal if nothing differs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def of_environment(cls, settings: Settings) -> Self:
        """The cluster that the environment describes."""
        return cls(**{name: getattr(settings, name) for name in cls.model_fields})

    def within(self, settings: Settings) -> Settings:
        """The settings of a process, for this cluster."""
        return settings.model_copy(update=dict(self))
