"""What `tdeploy kb sync` takes for a large corpus, on MiniStack."""

import tempfile
import time
from pathlib import Path

from tests.bench.figure import Figure
from tests.bench.running import Report
from tests.fakes import ministack
from tests.tdeploy.command import ended
from tests.tdeploy.kb.aws_world import World, make_world

FILES = 1000
BYTES = 8_000


def measure(report: Report) -> list[Figure]:
    """Seconds of the whole command, the first time and again."""
    with ministack.running() as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(FILES):
            (folder / f"{number}.md").write_text(f"# {number}\n".ljust(BYTES))
        world = make_world(url)
        report(f"{FILES:,} files are written")
        return [
            Figure(f"kb sync of {FILES:,} new files", _seconds(world, name), "s"),
            Figure(f"kb sync of {FILES:,} unchanged files", _seconds(world, name), "s", 5),
        ]


def _seconds(world: World, folder: str) -> float:
    begin = time.perf_counter()
    result = ended(world.start("sync", "--source", folder, *world.bucket_options))
    assert result.exit_code == 0, result.stderr
    return time.perf_counter() - begin
