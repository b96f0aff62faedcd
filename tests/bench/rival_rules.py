"""The rivals' alert rules: Prometheus itself evaluates them, beside the Copilot, on its own lab."""

import shutil
from pathlib import Path
from typing import Any

import httpx
import yaml

from lab import prometheus
from lab.cluster import Lab
from tests.bench.alarms import Alarm, Rules, alarms_of_series

FOLDER = Path(__file__).parent / "rivals"
_UNITS = {"s": 1, "m": 60, "h": 3600}
_TIME_LIMIT_SECONDS = 60


def read_rules(file: Path) -> Rules:
    """A file of alert rules, as the judge with the file's name."""
    groups = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    rules: list[dict[str, Any]] = [rule for group in groups for rule in group["rules"]]
    return Rules(
        file.stem,
        causes={rule["alert"]: rule["annotations"]["cause"] for rule in rules},
        held={rule["alert"]: _seconds(rule.get("for", "0s")) for rule in rules},
        interval=max(_seconds(group["interval"]) for group in groups),
    )


def _seconds(duration: str) -> float:
    return float(duration[:-1]) * _UNITS[duration[-1]]


RIVALS = tuple(read_rules(file) for file in sorted(FOLDER.glob("*.yaml")))


def load_rules(lab: Lab) -> None:
    """Load every rival's rules into a running lab's Prometheus."""
    folder = lab.folder / "config" / Path(prometheus.RULE_FILES).parent
    shutil.copytree(FOLDER, folder)
    prometheus.reload(lab.state.published)


def alarms_of_rivals(lab: Lab, since: float, now: float) -> dict[str, list[Alarm]]:
    """The alarms of each rival since then, by the rival's name. Times are seconds of Unix time."""
    query = f"ALERTS[{round(now - since) + 1}s]"
    response = httpx.get(
        f"{prometheus.url(lab.state.published)}/api/v1/query",
        params={"query": query, "time": f"{now:.3f}"},
        trust_env=False,
        timeout=_TIME_LIMIT_SECONDS,
    )
    series = response.raise_for_status().json()["data"]["result"]
    return {rules.name: alarms_of_series(series, rules, now) for rules in RIVALS}
