"""`tdeploy kb` on MiniStack: effects, output and exit codes."""

from pathlib import Path

import pytest

from copilot.knowledge.corpus import FOLDER
from tdeploy.kb import options
from tests.fakes import ministack
from tests.tdeploy.command import Completed
from tests.tdeploy.kb.aws_world import World, client


class TestSync:
    def test_the_copilots_own_corpus_is_the_default(self, world: World) -> None:
        ended = world.run("sync", *world.bucket_options)
        assert ended.exit_code == 0, ended.stderr
        assert world.objects() == {path.name: path.read_text() for path in FOLDER.glob("*.md")}

    def test_only_what_changed_is_uploaded(self, world: World, folder: Path) -> None:
        first = world.run("sync", "-s", str(folder), *world.bucket_options)
        assert "3 new, 0 changed, 0 deleted, 0 unchanged" in first.stdout
        (folder / "deep" / "c.md").write_text("changed")
        second = world.run("sync", "-s", str(folder), *world.bucket_options)
        assert "0 new, 1 changed, 0 deleted, 2 unchanged" in second.stdout
        assert world.versions() == {"a.md": 1, "b.md": 1, "deep/c.md": 2}
        assert world.objects()["deep/c.md"] == "changed"

    def test_a_missing_file_is_deleted_after_confirmation(self, world: World, folder: Path) -> None:
        world.put("gone.md", b"gone")
        world.put("picture.png", b"not ours")
        ended = world.run("sync", "-s", str(folder), *world.bucket_options)
        assert ended.exit_code == 2
        assert "gone.md" in ended.error
        assert "--yes" in ended.error
        assert set(world.objects()) == {"gone.md", "picture.png"}
        ended = world.run("sync", "-s", str(folder), *world.bucket_options, "--yes")
        assert "3 new, 0 changed, 1 deleted, 0 unchanged" in ended.stdout
        assert set(world.objects()) == {"a.md", "b.md", "deep/c.md", "picture.png"}

    @pytest.mark.parametrize("source", ["nowhere", "empty"])
    def test_a_wrong_source_is_refused(self, world: World, tmp_path: Path, source: str) -> None:
        (tmp_path / "empty").mkdir()
        ended = world.run("sync", "-s", str(tmp_path / source), *world.bucket_options)
        assert ended.exit_code == 2
        assert str(tmp_path / source) in ended.error
        assert "--source" in ended.error

    def test_a_missing_bucket_is_named(self, world: World) -> None:
        ended = world.run("sync", "--bucket", "nobodys", "--region", "eu-west-1")
        assert ended.exit_code == 2
        assert "s3://nobodys" in ended.error
        assert "eu-west-1" in ended.error


class TestIngestion:
    def test_the_figures_of_a_job_are_printed(self, world: World, folder: Path) -> None:
        world.run("sync", "-s", str(folder), *world.bucket_options)
        ended = world.run("ingest", *world.base_options)
        assert ended.exit_code == 0, ended.stderr
        assert "COMPLETE, 3 scanned, 3 new, 0 modified, 0 deleted, 0 failed" in ended.stdout

    def test_a_failed_document_is_named(self, world: World) -> None:
        world.put("latin.md", "é".encode("latin-1"))
        ended = world.run("ingest", *world.base_options)
        assert ended.exit_code == 1
        assert "latin.md" in ended.error

    def test_a_failed_job_has_its_reason(self, world: World) -> None:
        world.client("s3").delete_bucket(Bucket=world.bucket)
        ended = world.run("ingest", *world.base_options)
        assert ended.exit_code == 1
        assert "FAILED" in ended.error
        assert world.bucket in ended.error


class TestPopulate:
    def test_files_become_documents_once(self, world: World, folder: Path) -> None:
        first = world.run("populate", "-s", str(folder), *world.options)
        assert first.exit_code == 0, first.stderr
        assert "3 scanned, 3 new" in first.stdout
        second = world.run("populate", "-s", str(folder), *world.options)
        assert second.exit_code == 0
        assert "scanned" not in second.stdout
        assert len(world.run("jobs", *world.base_options, "--json").json) == 1

    def test_an_earlier_sync_is_ingested(self, world: World, folder: Path) -> None:
        world.run("populate", "-s", str(folder), *world.options)
        (folder / "a.md").unlink()
        world.run("sync", "-s", str(folder), *world.bucket_options, "--yes")
        ended = world.run("populate", "-s", str(folder), *world.options)
        assert "0 new, 0 changed, 0 deleted, 2 unchanged" in ended.stdout
        assert "COMPLETE, 2 scanned" in ended.stdout

    def test_a_bucket_that_the_data_source_does_not_read_is_refused(self, world: World) -> None:
        ended = world.run("populate", "--bucket", "another", *world.base_options)
        assert ended.exit_code == 2
        assert world.bucket in ended.error
        assert "another" in ended.error


class TestReading:
    @pytest.fixture(autouse=True)
    def jobs(self, world: World) -> None:
        for number in range(2):
            world.put(f"{number}.md", b"# text")
            client("bedrock-agent", world.url).start_ingestion_job(
                knowledgeBaseId=world.knowledge_base_id, dataSourceId=world.data_source_id
            )

    def test_the_newest_jobs_come_first(self, world: World) -> None:
        ended = world.run("jobs", *world.base_options, "--json")
        assert [job["statistics"]["scanned"] for job in ended.json] == [2, 1]
        ended = world.run("jobs", *world.base_options, "--limit", "1")
        header, only = ended.stdout.splitlines()
        columns = ["started", "job", "status", "scanned", "new", "modified", "deleted", "failed"]
        assert header.split() == columns
        assert only.split()[3:] == ["COMPLETE", "2", "1", "1", "0", "0"]

    def test_status_shows_base_source_documents_and_jobs(self, world: World) -> None:
        ended = world.run("status", *world.base_options)
        assert ended.exit_code == 0, ended.stderr
        for name in ("copilot-kb", world.knowledge_base_id, "ACTIVE", "copilot-documentation"):
            assert name in ended.stdout
        assert "2 INDEXED" in ended.stdout
        shown = world.run("status", *world.base_options, "--json").json
        assert shown["data_source"]["status"] == "AVAILABLE"
        assert shown["documents"] == {"INDEXED": 2}
        assert len(shown["jobs"]) == 2


class TestOutputsOfTheStack:
    """With given outputs, because a stack would take minutes to create."""

    @staticmethod
    def populate(
        monkeypatch: pytest.MonkeyPatch, world: World, outputs: dict[str, str]
    ) -> Completed:
        monkeypatch.setattr(options, "stack_outputs", {"copilot": outputs}.__getitem__)
        return world.run("populate")

    def test_they_are_the_default(self, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
        outputs = {
            "kb_source_bucket": world.bucket,
            "knowledge_base_id": world.knowledge_base_id,
            "data_source_id": world.data_source_id,
            "region": ministack.REGION,
        }
        ended = self.populate(monkeypatch, world, outputs)
        count = len(list(FOLDER.glob("*.md")))
        assert f"s3://{world.bucket}: {count} new" in ended.stdout
        assert f"COMPLETE, {count} scanned" in ended.stdout

    def test_a_missing_output_is_named_with_its_option(
        self, monkeypatch: pytest.MonkeyPatch, world: World
    ) -> None:
        ended = self.populate(monkeypatch, world, {"region": ministack.REGION})
        assert ended.exit_code == 2
        assert "kb_source_bucket" in ended.error
        assert "--bucket" in ended.error
