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

from lab import services as names
from lab.cluster import Lab, PortChoice
from lab.errors import LabError
from lab.ports import HOST
from lab.state import State
from tools.progress import shown

RATE = 5.0
# A demo is watched: a faster cadence than the default 30 s shows a fault while one looks.
SCRAPE_SECONDS = 5.0
CADENCE = {
    "COPILOT_CYCLE_SECONDS": "10",
    "COPILOT_SHORT_WINDOW_SECONDS": "30",
    "COPILOT_LONG_WINDOW_SECONDS": "60",
}
LOOK_SECONDS = 1.0
ANSWER_SECONDS = 2.0
# How long another command may hold the folder before the demo gives up stopping.
HELD_SECONDS = 15.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_COLOURS = {"happy": "green", "stressed": "yellow", "critical": "bold red", "unknown": "magenta"}


class _Cause(BaseModel):
    kind: str
    name: str


class _Problem(BaseModel):
    """Why the API has no answer, as it says itself."""

    reason: str


class _Status(BaseModel):
    """What the demo shows of the API's `/status`."""

    health_state: str
    scale_band: str | None
    causes: tuple[_Cause, ...]
    data_age_seconds: float | None
    reason: str


@dataclass(frozen=True)
class View:
    """What is known of the verdict at one moment; `state` is empty when the API does not answer."""

    state: str
    why: str
    band: str = ""
    age_seconds: float | None = None

    @property
    def news(self) -> tuple[str, str, str]:
        """What makes a new line worth printing: not the age alone."""
        return self.state, self.band, self.why

    @property
    def is_verdict(self) -> bool:
        return self.state not in ("", "unknown")

    def text(self) -> Text:
        """One line; a terminal that is too narrow loses the end of the reason."""
        text = Text(time.strftime("%H:%M:%S "), no_wrap=True, overflow="ellipsis")
        if self.state:
            text.append(self.state, style=_COLOURS.get(self.state, ""))
            text.append(f", {self.band or 'no band yet'}")
        if self.age_seconds is not None:
            text.append(f", data {self.age_seconds:.0f} s old")
        return text.append(f"{': ' if self.state else ''}{self.why}")


def look(client: httpx.Client, url: str) -> View:
    """Ask the Copilot's API for its verdict; no answer is a view too."""
    try:
        answer = client.get(f"{url}/status")
        if answer.is_error:
            reason = _Problem.model_validate_json(answer.content).reason
            return View("", f"no verdict from the Copilot's API: {reason}")
        status = _Status.model_validate_json(answer.content)
    except httpx.HTTPError as error:
        return View("", f"no answer from the Copilot's API: {error}")
    except ValidationError:
        return View("", f"no verdict from the Copilot's API: it answers {answer.status_code}")
    # Some causes are called like their kind: "persistence" once is enough.
    causes = ", ".join(" ".join(dict.fromkeys((c.kind, c.name))) for c in status.causes)
    return View(
        status.health_state,
        # Without a cause the API's reason says what was looked at.
        f"causes: {causes}" if causes else status.reason,
        (status.scale_band or "").replace("_", " "),
        status.data_age_seconds,
    )


class _Interruption:
    """Handles signals: the first is a KeyboardInterrupt, later ones must not break off stopping."""

    def __init__(self) -> None:
        self._is_stopping = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if not self._is_stopping:
            self._is_stopping = True
            raise KeyboardInterrupt

    def ignore(self) -> None:
        """From now on, no signal interrupts."""
        self._is_stopping = True

    @contextmanager
    def installed(self) -> Iterator[None]:
        earlier = {number: signal.signal(number, self) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)


def run_demo(folder: Path, ports: PortChoice = "default", console: Console | None = None) -> None:
    """Start lab, load and Copilot, show the verdict until SIGINT, SIGTERM or SIGHUP, stop them.

    What ran in `folder` before goes on running. Raises LabError when something does not start;
    what was started by then is stopped.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    interruption = _Interruption()
    try:
        with interruption.installed(), ExitStack() as undo:
            lab = Lab(folder, ports=ports, scrape_seconds=SCRAPE_SECONDS, report=console.print)
            with shown(console) as progress:
                names.build(progress)
            # Building servers is not part of the time to the first verdict.
            begin = time.monotonic()
            _start(lab, undo, lambda before: _stop(lab, before, console, interruption))
            _watch(lab, console, begin)
    except KeyboardInterrupt:
        console.print("stopped")


def _start(lab: Lab, undo: ExitStack, stop: Callable[[frozenset[str]], None]) -> None:
    """Start everything; `undo` gets `stop` with the names of what ran before."""
    state = State.read(lab.folder)
    undo.callback(stop, frozenset(state.running if state else ()))
    try:
        lab.up()
    except LabError:
        # It has ended what it started; what else runs there belongs to another command.
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
    console.print("Ctrl-C stops everything.")
    with httpx.Client(timeout=ANSWER_SECONDS) as client, _shown_verdict(console) as show:
        is_judged = False
        while True:
            view = look(client, url)
            show(view)
            seconds = time.monotonic() - begin
            # The last verdict of an earlier demo in this folder is older than this one.
            if not is_judged and view.is_verdict and (view.age_seconds or 0) < seconds:
                is_judged = True
                console.print(f"first verdict after {seconds:.0f} s: {view.state}")
            time.sleep(LOOK_SECONDS)


@contextmanager
def _shown_verdict(console: Console) -> Iterator[Callable[[View], None]]:
    """One line that changes in place on a terminal; elsewhere a line for each change."""
    if console.is_terminal and not console.is_dumb_terminal and not console.no_color:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda view: live.update(view.text(), refresh=True)
        return
    shown_before: tuple[str, str, str] | None = None

    def show(view: View) -> None:
        nonlocal shown_before
        if view.news != shown_before:
            shown_before = view.news
            console.print(view.text())

    yield show


def _stop(lab: Lab, before: frozenset[str], console: Console, interruption: _Interruption) -> None:
    """End what the demo started, whatever signals come meanwhile."""
    interruption.ignore()
    try:
        console.print("stopping")
    finally:
        deadline = time.monotonic() + HELD_SECONDS
        while not _is_stopped(lab, before, last=time.monotonic() > deadline):
            time.sleep(LOOK_SECONDS)


def _is_stopped(lab: Lab, before: frozenset[str], *, last: bool) -> bool:
    try:
        if not before:
            lab.down()
            return True
        if names.LOAD not in before:
            lab.stop_load()
        if before.isdisjoint(names.COPILOT):
            lab.stop_copilot()
    except LabError:
        # Another command, an `inject` perhaps, may hold the folder for some seconds.
        if last:
            raise
        return False
    return True
