"""The control file of a running load: which workers run, what fails, how fast."""

from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.errors import LabError

EVERY_QUEUE = "*"
# Of workers with versions, and without any while no version is abandoned.
VERSIONED_QUEUE = "parcel-returns"


class Workers(StrEnum):
    """How the workers of a queue behave."""

    HEALTHY = "healthy"
    ABSENT = "absent"
    WEDGED = "wedged"
    SLOW = "slow"
    FULL = "full"


class LoadControlError(LabError):
    """The control file is unreadable or invalid. The message is one line."""


class LoadControl(BaseModel):
    """The wanted behaviour of a load; the defaults are a healthy one. A queue is a name or `*`.

    `stopped_queues` have no workers while starts continue. `abandoned_queues` have none either, and
    their starts end after a few more. Workers of `wedged_queues` fail each workflow task of new
    orders, those of `slow_queues` take long for an activity, and those of `full_queues` hold theirs
    until the queue is removed from here. `failure_ratio` is the share of orders that fail,
    `retry_ratio` of those that are refunds instead, which succeed at their fifth attempt,
    `duplicate_ratio` of those that ask for a workflow which runs already. `rate_factor` multiplies
    the rate of starts; at 0 the workers stay. With `abandoned_version` workflows on
    VERSIONED_QUEUE wait for a worker version whose workers have left.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stopped_queues: tuple[str, ...] = ()
    abandoned_queues: tuple[str, ...] = ()
    wedged_queues: tuple[str, ...] = ()
    slow_queues: tuple[str, ...] = ()
    full_queues: tuple[str, ...] = ()
    failure_ratio: float = Field(0.0, ge=0, le=1)
    retry_ratio: float = Field(0.0, ge=0, le=1)
    duplicate_ratio: float = Field(0.0, ge=0, le=1)
    rate_factor: float = Field(1.0, ge=0, le=20)
    abandoned_version: bool = False

    def is_abandoned(self, queue: str) -> bool:
        return _has(self.abandoned_queues, queue)

    def workers_of(self, queue: str) -> Workers:
        """How the workers of a queue behave; the worst, when several are wanted."""
        if _has((*self.stopped_queues, *self.abandoned_queues), queue):
            return Workers.ABSENT
        if _has(self.wedged_queues, queue):
            return Workers.WEDGED
        if _has(self.full_queues, queue):
            return Workers.FULL
        return Workers.SLOW if _has(self.slow_queues, queue) else Workers.HEALTHY

    @property
    def queues(self) -> set[str]:
        """Every queue that is named."""
        without = (*self.stopped_queues, *self.abandoned_queues)
        return {*without, *self.wedged_queues, *self.slow_queues, *self.full_queues}

    @classmethod
    def read(cls, path: Path) -> "LoadControl":
        """Read `path`; a missing file means the defaults. Raises LoadControlError."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise LoadControlError(f"{path}: {error.strerror}") from error
        except ValidationError as error:
            problems = (
                f"{'.'.join(str(part) for part in item['loc'])} {item['msg']}".strip()
                for item in error.errors(include_url=False)
            )
            raise LoadControlError(f"{path}: {'; '.join(problems)}") from error

    def write(self, path: Path) -> None:
        """Replace `path` atomically."""
        with NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as file:
            file.write(self.model_dump_json(indent=2) + "\n")
        Path(file.name).replace(path)


class ControlFile:
    """Follows the control file of one load. Without a path the defaults stay."""

    def __init__(self, path: Path | None, queues: tuple[str, ...]) -> None:
        self._path = path
        self._known = {*queues, EVERY_QUEUE}
        self._problem = ""
        self.current = LoadControl()

    def poll(self) -> str | None:
        """Read the file into `current`. Return a new problem, once; `current` stays then."""
        try:
            self.current = self._read()
        except LoadControlError as error:
            last, self._problem = self._problem, str(error)
            return self._problem if self._problem != last else None
        self._problem = ""
        return None

    def _read(self) -> LoadControl:
        if self._path is None:
            return self.current
        control = LoadControl.read(self._path)
        unknown = control.queues - self._known
        if unknown:
            names = ", ".join(sorted(unknown))
            raise LoadControlError(f"{self._path}: this load has no queue {names}")
        return control


def _has(queues: tuple[str, ...], queue: str) -> bool:
    return bool({queue, EVERY_QUEUE} & set(queues))
