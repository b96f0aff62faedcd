"""The file that steers a running load: who works, what fails, how fast."""

from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.errors import LabError

EVERY_QUEUE = "*"


class LoadControlError(LabError):
    """The control file cannot be read or does not describe a load; the message is one line."""


class LoadControl(BaseModel):
    """What the load should do now. The defaults are a healthy load; queues are named or `*`.

    `stopped_queues` lose their workers while starts go on. `abandoned_queues` lose them too, and
    after a few more starts nobody asks for these queues any more. `failure_ratio` is the share of
    new workflow executions that fail. `rate_factor` multiplies the rate of starts; 0 is an idle
    cluster whose workers stay.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stopped_queues: tuple[str, ...] = ()
    abandoned_queues: tuple[str, ...] = ()
    failure_ratio: float = Field(0.0, ge=0, le=1)
    rate_factor: float = Field(1.0, ge=0, le=20)

    def is_abandoned(self, queue: str) -> bool:
        return bool({queue, EVERY_QUEUE} & set(self.abandoned_queues))

    def has_workers(self, queue: str) -> bool:
        return not ({queue, EVERY_QUEUE} & {*self.stopped_queues, *self.abandoned_queues})

    @classmethod
    def read(cls, path: Path) -> "LoadControl":
        """Read `path`; no file means the defaults.

        Raises LoadControlError on a file that is unreadable, half-written or wrong.
        """
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
        """Replace `path` at once, so that no reader sees half of it."""
        with NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as file:
            file.write(self.model_dump_json(indent=2) + "\n")
        Path(file.name).replace(path)


class ControlFile:
    """Follows the control file of one load. Without a path the defaults hold for good."""

    def __init__(self, path: Path | None, queues: tuple[str, ...]) -> None:
        self._path = path
        self._known = {*queues, EVERY_QUEUE}
        self._problem = ""
        self.current = LoadControl()

    def poll(self) -> str | None:
        """Read the file again into `current`. Answers a problem once; the last content stays."""
        try:
            self.current = self._read()
        except LoadControlError as error:
            news = str(error) if str(error) != self._problem else None
            self._problem = str(error)
            return news
        self._problem = ""
        return None

    def _read(self) -> LoadControl:
        if self._path is None:
            return self.current
        control = LoadControl.read(self._path)
        unknown = {*control.stopped_queues, *control.abandoned_queues} - self._known
        if unknown:
            names = ", ".join(sorted(unknown))
            raise LoadControlError(f"{self._path}: this load has no queue {names}")
        return control
