"""A reading of a signal: a number, or why there is none."""

from datetime import UTC
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    FiniteFloat,
    model_validator,
)


class Frozen(BaseModel):
    """An immutable model that ignores unknown fields, so that old code can read newer data."""

    model_config = ConfigDict(frozen=True)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]


class Absence(StrEnum):
    """Why a reading has no value. Only `NO_OBSERVATIONS` lets a rule pass."""

    NO_OBSERVATIONS = "no_observations"  # a quantile over nothing: its `_count` rate is 0
    NO_SERIES = "no_series"
    NOT_EXPORTED = "not_exported"  # this cluster need not export it: see Condition
    STALE = "stale"
    NOT_A_NUMBER = "not_a_number"
    REFUSED = "refused"
    DENIED = "denied"  # credentials or a certificate, of either side, are missing or wrong
    TIMED_OUT = "timed_out"
    SERVER_ERROR = "server_error"
    BAD_ANSWER = "bad_answer"


class Reading(Frozen):
    """Either a finite number or the reason why there is none."""

    value: FiniteFloat | None = None
    absence: Absence | None = None
    detail: str = ""

    @model_validator(mode="after")
    def _value_or_absence(self) -> Self:
        if (self.value is None) == (self.absence is None):
            raise ValueError("a reading has either a value or an absence")
        return self

    @classmethod
    def of(cls, value: float) -> Self:
        return cls(value=value)

    @classmethod
    def missing(cls, absence: Absence, detail: str = "") -> Self:
        return cls(absence=absence, detail=detail)

    @property
    def is_missing(self) -> bool:
        """True when the value is unknown, which it is not after "no observations"."""
        return self.absence not in (None, Absence.NO_OBSERVATIONS)
