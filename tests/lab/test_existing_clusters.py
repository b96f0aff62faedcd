"""Clusters that people run already: two in one metrics store, told apart by a label.

One is a development server with the server's default names. The other has three instances of each
role, OpenTelemetry's names, and a frontend that requires client certificates. The metrics store
requires a password and has a private CA.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from lab.cluster import Lab
from lab.faults import FAULTS
from lab.ports import HOST
from lab.target import Target
from tests.certificates import write_certificates
from tests.docker.load import load
from tests.lab.servers import require_servers
from tests.lab.three_processes import ThreeProcesses, three_processes
from tests.lab.verdicts.limits import WITHOUT_CPU
from tests.lab.watch import Status, Watch, critical_causes, detected
from tests.secure_prometheus import PASSWORD, USER, SecurePrometheus, secure_prometheus

CADENCE = {
    "COPILOT_CYCLE_SECONDS": "5",
    "COPILOT_SHORT_WINDOW_SECONDS": "15",
    "COPILOT_LONG_WINDOW_SECONDS": "30",
}
SCRAPE_SECONDS = 2
RATE = 2
WITHIN_SECONDS = 240
PLAIN, THREE = "plain", "three"
# In each round, what happens on the development server and then on the other cluster as well.
ROUNDS = (
    ("stop-workers", "failing-workflows"),
    ("failing-workflows", "abandon-queue"),
    ("abandon-queue", "stop-workers"),
)


@dataclass(frozen=True)
class Clusters:
    prometheus: SecurePrometheus
    metrics: dict[str, tuple[str, ...]]
    """host:port of the processes of each cluster."""
    loads: dict[str, Target]
    three: ThreeProcesses
    watches: dict[str, Watch]

    def scrape(self, *clusters: str) -> None:
        """Scrape these clusters and no other."""
        groups = [
            {"targets": self.metrics[name], "labels": {"env": f"shop-{name}"}} for name in clusters
        ]
        every = f"{SCRAPE_SECONDS}s"
        self.prometheus.configure(
            {
                "global": {"scrape_interval": every, "scrape_timeout": every},
                "scrape_configs": [{"job_name": "temporal", "static_configs": groups}],
            }
        )


@pytest.fixture(scope="module")
def clusters() -> Iterator[Clusters]:
    """Both under load, with one Copilot that reads a file for each."""
    require_servers()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clusters-")))
        certificates = write_certificates(folder)
        lab = Lab(folder / "lab", ports="free", scrape_seconds=SCRAPE_SECONDS, quick=True)
        stack.callback(lab.down, delete=True)
        lab.up()
        prometheus = stack.enter_context(secure_prometheus(certificates, _new(folder, "metrics")))
        state = lab.state
        three = stack.enter_context(
            three_processes(
                _new(folder, "servers"),
                certificates,
                state.inner.postgres,
                state.database_password,
            )
        )
        frontends = {PLAIN: lab.frontend_address, THREE: three.plain_frontend}
        loads = {}
        for name, address in frontends.items():
            target = Target(_new(folder, f"load-{name}"))
            stack.enter_context(load(address, target.control_file, RATE))
            loads[name] = target

        (folder / "password").write_text(PASSWORD)
        described: dict[str, dict[str, object]] = {
            PLAIN: {"monitored_address": lab.frontend_address},
            THREE: {
                "monitored_address": three.secure_frontend,
                "monitored": {
                    "ca_file": str(certificates.ca_file),
                    "certificate_file": str(certificates.client_file),
                    "key_file": str(certificates.client_key),
                    "server_name": "localhost",
                },
            },
        }
        files = _new(folder, "clusters")
        for name, frontend in described.items():
            content = {
                "cluster": name,
                "prometheus_endpoint": prometheus.url,
                "metrics": {
                    "username": USER,
                    "password_file": str(folder / "password"),
                    "ca_file": str(certificates.ca_file),
                    "certificate_file": str(certificates.client_file),
                    "key_file": str(certificates.client_key),
                },
                "labels": {"matcher": f'env="shop-{name}"'},
                **frontend,
            }
            (files / f"{name}.yaml").write_text(yaml.safe_dump(content))
        in_files = dict.fromkeys(("MONITORED_TEMPORAL_ADDRESS", "PROMETHEUS_ENDPOINT"))
        lab.start_copilot({**CADENCE, **in_files, "COPILOT_CLUSTERS_FOLDER": str(files)})
        api = f"http://{HOST}:{state.published.copilot_api}"
        watches = {
            name: stack.enter_context(closing(Watch(api, cluster=name))) for name in described
        }
        metrics = {
            PLAIN: (f"{HOST}:{state.inner.monitored['frontend'].metrics}",),
            THREE: three.metrics,
        }
        made = Clusters(prometheus, metrics, loads, three, watches)
        made.scrape(PLAIN, THREE)
        yield made


def _new(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def all_happy(clusters: Clusters) -> None:
    for watch in clusters.watches.values():
        watch.until_state("happy", WITHIN_SECONDS)
        watch.begin()


@pytest.mark.parametrize("names", ROUNDS, ids=["+".join(names) for names in ROUNDS])
def test_a_fault_is_that_of_its_cluster_alone(clusters: Clusters, names: tuple[str, str]) -> None:
    all_happy(clusters)
    with ExitStack() as healing:
        for name, fault in zip((PLAIN, THREE), map(FAULTS.__getitem__, names), strict=True):
            healing.callback(fault.heal, clusters.loads[name])
            fault.inject(clusters.loads[name])
            status = clusters.watches[name].until(
                detected(fault), WITHIN_SECONDS, f"{fault.name} on {name}"
            )
            assert status["fired_gates"]
            if name == PLAIN:
                # Only servers without CPU may be worse here, and then for their database.
                assert critical_causes(clusters.watches[THREE]) <= WITHOUT_CPU
                assert first_kinds(clusters.watches[THREE]) <= WITHOUT_CPU
    all_happy(clusters)


def first_kinds(watch: Watch) -> set[str]:
    """The first kinds of cause since `begin`."""
    return {change["causes"][0]["kind"] for change in watch.changes if change["causes"]}


@pytest.mark.parametrize("name", [PLAIN, THREE])
def test_a_cluster_whose_metrics_are_gone_is_unknown_and_the_other_goes_on(
    clusters: Clusters, name: str
) -> None:
    all_happy(clusters)
    (other,) = {PLAIN, THREE} - {name}
    clusters.scrape(other)
    try:
        clusters.watches[name].until_state("unknown", WITHIN_SECONDS)
        clusters.watches[other].cycles(1, WITHIN_SECONDS)
        assert first_kinds(clusters.watches[other]) <= WITHOUT_CPU
    finally:
        clusters.scrape(PLAIN, THREE)
    all_happy(clusters)


def test_one_of_three_processes_is_a_notice(clusters: Clusters) -> None:
    """Last, because it does not come back."""
    all_happy(clusters)
    clusters.three.last.close()
    watch = clusters.watches[THREE]

    def has_notices(status: Status) -> bool:
        subjects = {one["subject"] for one in status["notices"] if one["gate"] == "instances_down"}
        return subjects >= {"frontend", "history", "matching", "worker"}

    watch.until(has_notices, WITHIN_SECONDS, "a notice for each role")
    watch.until_state("happy", WITHIN_SECONDS)
    assert critical_causes(watch) <= WITHOUT_CPU
