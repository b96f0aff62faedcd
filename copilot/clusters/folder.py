"""A folder of cluster files, which may change while the Copilot runs."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from copilot.clusters.cluster import ClusterSettings
from copilot.clusters.file import cluster_name, parse_cluster, read_content
from copilot.errors import FileError

log = logging.getLogger(__name__)

SUFFIX = ".yaml"


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file or the folder; `cluster` is "" where no cluster is known by it."""

    text: str
    cluster: str = ""


@dataclass(frozen=True)
class Clusters:
    """The clusters by name. A file with a problem counts as it last was, if it ever was right."""

    by_name: Mapping[str, ClusterSettings]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class _File:
    """The last content, with the cluster it describes or the last right one, and its problem."""

    content: bytes
    cluster: ClusterSettings | None
    problem: Problem | None


class ClustersFolder:
    """Reads the files again whenever it is asked; only a changed one is parsed.

    A problem is logged once, and so is its end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[Path, _File] = {}
        self._owners: dict[str, Path] = {}
        self._logged = frozenset[str]()

    def read(self) -> Clusters:
        """The clusters of the folder's `*.yaml` files, but for hidden ones.

        A folder without files keeps its clusters: a volume that is not mounted looks the same.
        """
        problems: list[Problem] = []
        try:
            names = sorted(path for path in self._path.iterdir() if not path.name.startswith("."))
        except OSError as error:
            problems.append(Problem(f"{self._path}: cannot be read: {error.strerror or error}"))
        else:
            problems += (
                Problem(f"{path}: is not read: name it {path.stem}{SUFFIX}")
                for path in names
                if path.suffix == ".yml"
            )
            paths = [path for path in names if path.suffix == SUFFIX]
            if paths:
                self._files = {path: self._read(path) for path in paths}
            else:
                stay = "; its clusters stay as they were" if self._files else ""
                problems.append(Problem(f"{self._path}: has no file *{SUFFIX}{stay}"))
        problems += (file.problem for file in self._files.values() if file.problem)
        by_name = self._by_name(problems)
        self._log({problem.text for problem in problems})
        return Clusters(by_name, tuple(problems))

    def _read(self, path: Path) -> _File:
        before = self._files.get(path, _File(b"", None, None))
        content = b""
        try:
            content = read_content(path)
            if content == before.content and content:
                return before
            return _File(content, parse_cluster(path, content), None)
        except FileError as error:
            good = before.cluster
            stays = f"; {good.cluster} stays as it was" if good else ""
            name = good.cluster if good else cluster_name(content)
            return _File(content, good, Problem(f"{error}{stays}", name))

    def _by_name(self, problems: list[Problem]) -> dict[str, ClusterSettings]:
        """Of two files with one name, the one that had it keeps it; two new ones are both left."""
        paths = defaultdict(list)
        for path, file in self._files.items():
            if file.cluster:
                paths[file.cluster.cluster].append(path)
        owners: dict[str, Path] = {}
        for name, its in paths.items():
            owner = its[0] if len(its) == 1 else self._owners.get(name)
            if owner in its:
                owners[name] = owner
            if len(its) > 1:
                files = " and ".join(map(str, its))
                used = f"{owner} is used" if owner in its else "neither is used"
                problems.append(Problem(f"{files}: describe one cluster, {name}; {used}", name))
        self._owners = owners
        found = {}
        for name, path in owners.items():
            if cluster := self._files[path].cluster:
                found[name] = cluster
        return found

    def _log(self, texts: set[str]) -> None:
        for text in sorted(texts - self._logged):
            log.warning("%s", text)
        if self._logged and not texts:
            log.info("all cluster files in %s are right", self._path)
        self._logged = frozenset(texts)
