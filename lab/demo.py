"""`python -m lab demo`: the whole Copilot on a real cluster under load, until Ctrl-C."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import httpx
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.live import Live
from rich.text import Text

from lab.binaries import build
from lab.catalogue import COPILOT, LOAD
from lab.cluster import Lab, PortChoice
from lab.errors import LabError
from lab.ports import HOST
from lab.state import State
from tools.progress import shown

RATE = 5.0
# Faster than the default 30 s, so that a fault shows while somebody watches.
SCRAPE_SECONDS = 5.0
CADENCE = {
    "COPILOT_CYCLE_SECONDS": "10",
    "COPILOT_SHORT_WINDOW_SECONDS": "30",
    "COPILOT_LONG_WINDOW_SECONDS": "60",
}
POLL_SECONDS = 1.0
REQUEST_SECONDS = 2.0
# Another command may hold the folder for this time before stopping fails.
LOCKED_SECONDS = 15.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_COLOURS = {"happy": "green", "stressed": "yellow", "critical": "bold red", "unknown": "magenta"}


class _Cause(BaseModel):
    kind: str
    name: str


class _Problem(BaseModel):
    """The body of an API error."""

    reason: str


class _Status(BaseModel):
    """The fields of the API's `/status` that the demo shows."""

    health_state: str
    scale_band: str | None
    causes: tuple[_Cause, ...]
    data_age_seconds: float | None
    reason: str


@dataclass(frozen=True)
class View:
    """The verdict at one moment; `state` is empty when the API returns none."""

    state: str
    why: str
    tier: str = ""
    age_seconds: float | None = None

    @property
    def content(self) -> tuple[str, str, str]:
        """Everything but the age; a new line is printed when it changes."""
        return self.state, self.tier, self.why

    @property
    def is_verdict(self) -> bool:
        return self.state not in ("", "unknown")

    def text(self) -> Text:
        """One line; a narrow terminal cuts off its end."""
        text = Text(time.strftime("%H:%M:%S "), no_wrap=True, overflow="ellipsis")
        if self.state:
            text.append(self.state, style=_COLOURS.get(self.state, ""))
            text.append(f", {self.tier or 'no scale tier yet'}")
        if self.age_seconds is not None:
            text.append(f", data {self.age_seconds:.0f} s old")
        return text.append(f"{': ' if self.state else ''}{self.why}")


def fetch_view(client: httpx.Client, url: str) -> View:
    """Get the verdict from the Copilot's API; its errors become a View."""
    try:
        response = client.get(f"{url}/status")
        if response.is_error:
            reason = _Problem.model_validate_json(response.content).reason
            return View("", f"no verdict from the Copilot's API: {reason}")
        status = _Status.model_validate_json(response.content)
    except httpx.HTTPError as error:
        return View("", f"the Copilot's API does not answer: {error}")
    except ValidationError:
        return View("", f"unexpected response {response.status_code} of the Copilot's API")
    # Some causes have the name of their kind, such as "persistence".
    causes = ", ".join(" ".join(dict.fromkeys((c.kind, c.name))) for c in status.causes)
    return View(
        status.health_state,
        f"causes: {causes}" if causes else status.reason,
        (status.scale_band or "").replace("_", " "),
        status.data_age_seconds,
    )


class _Interruption:
    """Handles signals: the first raises KeyboardInterrupt, later ones do not interrupt stopping."""

    def __init__(self) -> None:
        self._is_stopping = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if not self._is_stopping:
            self._is_stopping = True
            raise KeyboardInterrupt

    def ignore(self) -> None:
        """Ignore signals from now on."""
        self._is_stopping = True

    @contextmanager
    def installed(self) -> Iterator[None]:
        earlier = {number: signal.signal(number, self) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)


def run_demo(
    folder: Path,
    ports: PortChoice = "default",
    console: Console | None = None,
    *,
    quick: bool = True,
) -> None:
    """Start lab, load and Copilot, show the verdict until SIGINT, SIGTERM or SIGHUP, stop them.

    Processes that already ran in `folder` keep running. Raises LabError when one does not start,
    after stopping the others.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    interruption = _Interruption()
    try:
        with interruption.installed(), ExitStack() as undo:
            lab = Lab(
                folder,
                ports=ports,
                scrape_seconds=SCRAPE_SECONDS,
                quick=quick,
                report=console.print,
            )
            with shown(console) as progress:
                build(progress, quick=quick)
            # The time to the first verdict does not include the build.
            begin = time.monotonic()
            _start(lab, undo, lambda before: _stop(lab, before, console, interruption))
            _watch(lab, console, begin)
    except KeyboardInterrupt:
        console.print("stopped")


def _start(lab: Lab, undo: ExitStack, stop: Callable[[frozenset[str]], None]) -> None:
    """Start everything; `undo` receives `stop` with the processes that already ran."""
    state = State.read(lab.folder)
    undo.callback(stop, frozenset(state.running if state else ()))
    try:
        lab.up()
    except LabError:
        # `up` has stopped its processes; the others belong to another command.
        undo.pop_all()
        raise
    lab.start_load(RATE)
    lab.start_copilot(CADENCE)


def _watch(lab: Lab, console: Console, begin: float) -> NoReturn:
    published = lab.state.published
    url = f"http://{HOST}:{published.copilot_api}"
    console.print(f"Copilot:                   {url}")
    console.print(f"Temporal, monitored:       http://{HOST}:{published.temporal_ui}")
    console.print(f"Temporal, the Copilot's:   http://{HOST}:{published.copilot_temporal_ui}")
    console.print(f"Prometheus:                http://{HOST}:{published.prometheus}/prometheus")
    console.print("Faults, in another terminal: python -m lab faults | inject NAME | heal NAME")
    if lab.state.quick:
        console.print(
            "A quick cluster is one process: `make demo-full` has services that can fail."
        )
    console.print("Ctrl-C stops everything.")
    with httpx.Client(timeout=REQUEST_SECONDS) as client, _shown_verdict(console) as show:
        has_verdict = False
        while True:
            view = fetch_view(client, url)
            show(view)
            seconds = time.monotonic() - begin
            # A verdict of an earlier demo in this folder is older.
            if not has_verdict and view.is_verdict and (view.age_seconds or 0) < seconds:
                has_verdict = True
                console.print(f"first verdict after {seconds:.0f} s: {view.state}")
            time.sleep(POLL_SECONDS)


@contextmanager
def _shown_verdict(console: Console) -> Iterator[Callable[[View], None]]:
    """Yield a function that shows a View: in place on a terminal, else as a line per change."""
    if console.is_terminal and not console.is_dumb_terminal and not console.no_color:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda view: live.update(view.text(), refresh=True)
        return
    printed: tuple[str, str, str] | None = None

    def show(view: View) -> None:
        nonlocal printed
        if view.content != printed:
            printed = view.content
            console.print(view.text())

    yield show


def _stop(lab: Lab, before: frozenset[str], console: Console, interruption: _Interruption) -> None:
    """Stop what the demo started; signals do not interrupt it."""
    interruption.ignore()
    try:
        console.print("stopping")
    finally:
        deadline = time.monotonic() + LOCKED_SECONDS
        while not _is_stopped(lab, before, is_last=time.monotonic() > deadline):
            time.sleep(POLL_SECONDS)


def _is_stopped(lab: Lab, before: frozenset[str], *, is_last: bool) -> bool:
    try:
        if not before:
            lab.down()
            return True
        if LOAD not in before:
            lab.stop_load()
        if before.isdisjoint(COPILOT):
            lab.stop_copilot()
    except LabError:
        # Another command, such as `inject`, may hold the folder for some seconds.
        if is_last:
            raise
        return False
    return True
