"""Several clusters: worker processes whose cluster files come, change and go."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from copilot.signals.snapshot import Snapshot
from copilot.store.repository import Repository
from tests.copilot.worker.process import REFUSING_ADDRESS, WorkerProcess, running
from tests.waiting import until_async

SECONDS = 180
CYCLE_SECONDS = 2


def write(folder: Path, cluster: str, address: str = REFUSING_ADDRESS) -> Path:
    path = folder / f"{cluster}.yaml"
    new = path.with_suffix(".new")
    new.write_text(
        f"cluster: {cluster}\n"
        f"monitored_address: {address}\n"
        f"prometheus_endpoint: http://{REFUSING_ADDRESS}\n"
    )
    new.rename(path)
    return path


class Stored:
    """What is stored of each cluster."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def cycles(self, cluster: str) -> list[int]:
        now, day = datetime.now(UTC), timedelta(days=1)
        points = await self._repository.cycle_points(cluster, now - day, now + day, 1000)
        return [point.cycle for point in points]

    async def last(self, cluster: str) -> Snapshot | None:
        record = await self._repository.latest(cluster)
        return record.snapshot if record else None


async def evaluated(worker: WorkerProcess) -> dict[str, int]:
    """Cycles that this worker evaluated, by cluster."""
    response = await worker.get("/metrics")
    found: dict[str, int] = {}
    for family in text_string_to_metric_families(response.text if response else ""):
        for sample in family.samples:
            if sample.name == "copilot_cycles_total":
                cluster = sample.labels["cluster"]
                found[cluster] = found.get(cluster, 0) + int(sample.value)
    return found


async def test_cluster_files_come_change_and_go_while_the_worker_runs(
    temporal: str, database_url: str, tmp_path: Path
) -> None:
    variables = {
        "COPILOT_DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": temporal,
        "COPILOT_CLUSTERS_FOLDER": str(tmp_path),
        "COPILOT_CYCLE_SECONDS": str(CYCLE_SECONDS),
    }
    write(tmp_path, "a")
    async with running(variables) as worker, Repository.open(database_url) as repository:
        stored = Stored(repository)

        async def goes_on(cluster: str) -> None:
            async def further() -> bool:
                return len(await stored.cycles(cluster)) > before

            before = len(await stored.cycles(cluster))
            await until_async(further, SECONDS, f"a cycle of {cluster} is stored")

        async def is_ready_to_store() -> bool:
            response = await worker.get("/readyz")
            return response is not None and response.json()["store"] == "ok"

        async def has_another_address() -> bool:
            last = await stored.last("a")
            return last is not None and "127.0.0.2:9" in last.queues.detail

        async def loop_has_ended() -> bool:
            last = await stored.last("b")
            return last is not None and "does not know the cluster b" in last.queues.detail

        await until_async(is_ready_to_store, SECONDS, "the store is migrated")
        await goes_on("a")
        write(tmp_path, "b")
        await goes_on("b")

        write(tmp_path, "a", "127.0.0.2:9")
        await until_async(has_another_address, SECONDS, "the new address is used")
        cycles = await stored.cycles("a")
        assert cycles == list(range(1, len(cycles) + 1))

        wrong = tmp_path / "c.yaml"
        wrong.write_text("cluster: a\nmonitored_addres: 1\n")
        (tmp_path / "a.yaml").write_text("cluster: [")
        await goes_on("b")
        await goes_on("a")
        response = await worker.get("/readyz")
        assert response is not None
        assert [
            str(path) in line
            for path, line in zip(
                (tmp_path / "a.yaml", wrong), response.json()["wrong_files"], strict=True
            )
        ] == [True, True]

        (tmp_path / "b.yaml").unlink()
        await until_async(loop_has_ended, SECONDS, "no worker knows b")
        await goes_on("a")
    assert "Traceback" not in "\n".join(worker.lines)


async def test_a_second_worker_takes_its_share_of_50_clusters(
    dev_temporal: str, database_url: str, tmp_path: Path
) -> None:
    variables = {
        "COPILOT_DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": dev_temporal,
        "COPILOT_CLUSTERS_FOLDER": str(tmp_path),
        # Enough for two processes on one busy CPU.
        "COPILOT_CYCLE_SECONDS": "10",
    }
    names = [f"cluster-{number}" for number in range(50)]
    for name in names:
        write(tmp_path, name)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(running(variables))
        second = await stack.enter_async_context(running(variables))

        async def share() -> bool:
            one, other = await evaluated(first), await evaluated(second)
            return (one.keys() | other.keys()) == set(names) and min(len(one), len(other)) >= 10

        await until_async(share, SECONDS, "both workers evaluate many of the clusters", 1)
        second.process.kill()
        await second.process.wait()

        async def takes_over() -> bool:
            return (await evaluated(first)).keys() == set(names)

        await until_async(takes_over, SECONDS, "the first one evaluates all of them", 1)
