"""What the Copilot's API says of its clusters."""

import json
from dataclasses import dataclass
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import urlopen

from pydantic import BaseModel, ValidationError

from copilot.api.cluster_list import ClusterEntry, ClusterList
from copilot.api.verdict import Verdict
from tdeploy.errors import TdeployError

M = TypeVar("M", bound=BaseModel)


class Notice(BaseModel):
    """The part of the API's notice that is shown."""

    title: str
    description: str


class StatusVerdict(Verdict):
    """The verdict with its notices, which an older Copilot does not report."""

    notices: tuple[Notice, ...] = ()


# A busy machine answers late; without a server the connection is refused at once.
_API_SECONDS = 10


class _NoAnswerError(Exception):
    """Why the API has no answer, as a sentence."""


@dataclass(frozen=True)
class Verdicts:
    """The clusters, the worst first; `verdict` is that of a single one.

    `missing` says why there is no verdict, and `problems` has a line for each wrong cluster file.
    """

    clusters: tuple[ClusterEntry, ...] = ()
    verdict: StatusVerdict | None = None
    problems: tuple[str, ...] = ()
    missing: str = ""

    @property
    def troubles(self) -> list[str]:
        """What is wrong with the clusters that answered, the worst first."""
        if self.verdict:
            reasons = {self.verdict.cluster: (self.verdict.health_state, self.verdict.reason)}
        else:
            reasons = {one.cluster: (one.health_state, reason(one)) for one in self.clusters}
        unhealthy = [
            f"the cluster {name} is {state}: {why}"
            for name, (state, why) in reasons.items()
            if state != "happy"
        ]
        return [*unhealthy, *self.problems]


def fetch_verdicts(url: str | None, cluster: str = "") -> Verdicts:
    """The verdicts of the Copilot's API at a URL: of one cluster, or where that is "" of all.

    Raises TdeployError if the Copilot does not monitor the cluster.
    """
    if not url:
        return Verdicts(missing="the stack has no Copilot")
    try:
        every = _get(url, "/clusters", ClusterList)
        if cluster and cluster not in {one.cluster for one in every.clusters}:
            names = ", ".join(sorted(one.cluster for one in every.clusters)) or "no cluster"
            raise TdeployError(f"the Copilot does not monitor {cluster}: it monitors {names}")
        clusters = tuple(one for one in every.clusters if cluster in {"", one.cluster})
        # The files of other clusters say nothing of the chosen one.
        problems = () if cluster else every.problems
        if not clusters:
            return Verdicts(problems=problems, missing="the Copilot monitors no cluster")
        verdict = None
        if len(clusters) == 1:
            path = f"/status?cluster={quote(clusters[0].cluster)}"
            verdict = _get(url, path, StatusVerdict)
        return Verdicts(clusters, verdict, problems)
    except _NoAnswerError as error:
        return Verdicts(missing=str(error))


def reason(cluster: ClusterEntry) -> str:
    """Why a cluster is not happy; "" for a happy one."""
    causes = (f"{one.kind.replace('_', ' ')} {one.name}" for one in cluster.causes)
    return cluster.reason or ", ".join(causes)


def _get(url: str, path: str, model: type[M]) -> M:
    """Raises _NoAnswerError."""
    try:
        with urlopen(f"{url}{path}", timeout=_API_SECONDS) as answer:  # noqa: S310
            return model.model_validate_json(answer.read())
    except HTTPError as error:
        raise _NoAnswerError(f"the Copilot gives no verdict: {_refusal(error)}") from error
    except (URLError, OSError) as error:
        why = getattr(error, "reason", error)
        raise _NoAnswerError(f"the Copilot does not answer at {url}: {why}") from error
    except ValidationError as error:
        raise _NoAnswerError(f"the server at {url} is not the Copilot") from error


def _refusal(error: HTTPError) -> str:
    try:
        return str(json.load(error)["reason"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"
