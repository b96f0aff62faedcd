"""`tdeploy kb` as a process, on MiniStack: what it does, says and ends with."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from copilot.knowledge.corpus import FOLDER
from tdeploy import project
from tdeploy.app import app
from tdeploy.errors import TdeployError
from tests import ministack
from tests.tdeploy.kb.aws_world import World, client


class TestSync:
    def test_the_copilots_own_corpus_is_the_default(self, world: World) -> None:
        said = world.run("sync", *world.bucket_options)
        assert said.code == 0, said.err
        assert world.objects() == {path.name: path.read_text() for path in FOLDER.glob("*.md")}

    def test_only_what_changed_is_uploaded(self, world: World, folder: Path) -> None:
        first = world.run("sync", "-s", str(folder), *world.bucket_options)
        assert "3 new, 0 changed, 0 deleted, 0 unchanged" in first.out
        (folder / "deep" / "c.md").write_text("changed")
        second = world.run("sync", "-s", str(folder), *world.bucket_options)
        assert "0 new, 1 changed, 0 deleted, 2 unchanged" in second.out
        assert world.versions() == {"a.md": 1, "b.md": 1, "deep/c.md": 2}
        assert world.objects()["deep/c.md"] == "changed"

    def test_what_is_gone_is_deleted_after_asking(self, world: World, folder: Path) -> None:
        world.put("gone.md", b"gone")
        world.put("picture.png", b"not ours")
        said = world.run("sync", "-s", str(folder), *world.bucket_options)
        assert said.code == 2
        assert "has not (1)" in said.err
        assert "gone.md" in said.err
        assert "--yes" in said.err
        assert set(world.objects()) == {"gone.md", "picture.png"}, "nothing, before it is agreed"
        said = world.run("sync", "-s", str(folder), *world.bucket_options, "--yes")
        assert "3 new, 0 changed, 1 deleted, 0 unchanged" in said.out
        assert set(world.objects()) == {"a.md", "b.md", "deep/c.md", "picture.png"}

    @pytest.mark.parametrize(
        ("source", "said"),
        [("nowhere", "there is no folder"), ("empty", "no .md file is in")],
    )
    def test_a_wrong_source_is_refused(
        self, world: World, tmp_path: Path, source: str, said: str
    ) -> None:
        (tmp_path / "empty").mkdir()
        answer = world.run("sync", "-s", str(tmp_path / source), *world.bucket_options)
        assert answer.code == 2
        assert said in answer.err

    def test_a_bucket_that_is_not_there(self, world: World) -> None:
        said = world.run("sync", "--bucket", "nobodys", "--region", "eu-west-1")
        assert said.code == 2
        assert said.err.startswith("error: s3://nobodys is not in eu-west-1")


class TestIngestion:
    def test_figures_are_said(self, world: World, folder: Path) -> None:
        world.run("sync", "-s", str(folder), *world.bucket_options)
        said = world.run("ingest", *world.base_options)
        assert said.code == 0, said.err
        assert "COMPLETE, 3 scanned, 3 new, 0 modified, 0 deleted, 0 failed" in said.out

    def test_a_document_that_failed_is_named(self, world: World) -> None:
        world.put("latin.md", "é".encode("latin-1"))
        said = world.run("ingest", *world.base_options)
        assert said.code == 1
        assert "documents failed: 1" in said.err
        assert "latin.md is not UTF-8" in said.err

    def test_a_job_that_failed_says_why(self, world: World) -> None:
        world.client("s3").delete_bucket(Bucket=world.bucket)
        said = world.run("ingest", *world.base_options)
        assert said.code == 1
        assert "ended as FAILED" in said.err
        assert f"{world.bucket} does not exist" in said.err


class TestPopulate:
    def test_files_become_documents_once(self, world: World, folder: Path) -> None:
        first = world.run("populate", "-s", str(folder), *world.options)
        assert first.code == 0, first.err
        assert "3 scanned, 3 new" in first.out
        second = world.run("populate", "-s", str(folder), *world.options)
        assert "not ingested: job" in second.out
        assert second.code == 0
        assert len(world.run("jobs", *world.base_options, "--json").json) == 1

    def test_an_ingestion_that_is_owed_is_made_up_for(self, world: World, folder: Path) -> None:
        world.run("populate", "-s", str(folder), *world.options)
        (folder / "a.md").unlink()
        world.run("sync", "-s", str(folder), *world.bucket_options, "--yes")
        said = world.run("populate", "-s", str(folder), *world.options)
        assert "0 new, 0 changed, 0 deleted, 2 unchanged" in said.out
        assert "COMPLETE, 2 scanned" in said.out

    def test_a_bucket_that_the_data_source_does_not_read_is_refused(self, world: World) -> None:
        said = world.run("populate", "--bucket", "another", *world.base_options)
        assert said.code == 2
        assert f"reads {world.bucket}, not another" in said.err


class TestReading:
    @pytest.fixture(autouse=True)
    def jobs(self, world: World) -> None:
        for number in range(2):
            world.put(f"{number}.md", b"# text")
            client("bedrock-agent", world.url).start_ingestion_job(
                knowledgeBaseId=world.knowledge_base_id, dataSourceId=world.data_source_id
            )

    def test_the_newest_jobs_come_first(self, world: World) -> None:
        said = world.run("jobs", *world.base_options, "--json")
        assert [job["statistics"]["scanned"] for job in said.json] == [2, 1]
        said = world.run("jobs", *world.base_options, "--limit", "1")
        header, only = said.out.splitlines()
        columns = ["started", "job", "status", "scanned", "new", "modified", "deleted", "failed"]
        assert header.split() == columns
        assert only.split()[3:] == ["COMPLETE", "2", "1", "1", "0", "0"]

    def test_status_says_whether_it_can_be_used(self, world: World) -> None:
        said = world.run("status", *world.base_options)
        assert said.code == 0, said.err
        assert f"knowledge base: copilot-kb ({world.knowledge_base_id}) ACTIVE" in said.out
        assert "copilot-documentation" in said.out
        assert "documents: 2 INDEXED" in said.out
        shown = world.run("status", *world.base_options, "--json").json
        assert shown["data_source"]["status"] == "AVAILABLE"
        assert shown["documents"] == {"INDEXED": 2}
        assert len(shown["jobs"]) == 2


class TestIdsOfTheStack:
    """In this process, because a stack would take minutes to make."""

    @staticmethod
    def ask(monkeypatch: pytest.MonkeyPatch, world: World, outputs: dict[str, str]) -> str:
        monkeypatch.setattr(project, "stack_outputs", {"copilot": outputs}.__getitem__)
        for name, value in {**ministack.CREDENTIALS, "AWS_ENDPOINT_URL": world.url}.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(app, ["kb", "populate"], catch_exceptions=False).output

    def test_they_are_the_default(self, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
        said = self.ask(
            monkeypatch,
            world,
            {
                "kb_source_bucket": world.bucket,
                "knowledge_base_id": world.knowledge_base_id,
                "data_source_id": world.data_source_id,
                "region": ministack.REGION,
            },
        )
        count = len(list(FOLDER.glob("*.md")))
        assert f"s3://{world.bucket}: {count} new" in said
        assert f"COMPLETE, {count} scanned" in said

    def test_the_option_that_helps_is_named(
        self, monkeypatch: pytest.MonkeyPatch, world: World
    ) -> None:
        with pytest.raises(TdeployError, match=r"stack copilot has no kb_source_bucket.*--bucket"):
            self.ask(monkeypatch, world, {"region": ministack.REGION})
