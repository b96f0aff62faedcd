"""The folder of cluster files: changes, and files that are wrong for a while."""

from pathlib import Path

import pytest

from copilot.clusters.folder import ClustersFolder


def write(folder: Path, file: str, cluster: str, address: str = "temporal.example:7233") -> None:
    (folder / file).write_text(
        f"cluster: {cluster}\n"
        f"monitored_address: {address}\n"
        "prometheus_endpoint: https://prometheus.example\n"
    )


def test_files_come_change_and_go(tmp_path: Path) -> None:
    folder = ClustersFolder(tmp_path)
    write(tmp_path, "a.yaml", "a")
    write(tmp_path, "b.yaml", "b")
    write(tmp_path, ".hidden.yaml", "hidden")
    first = folder.read()
    assert set(first.by_name) == {"a", "b"}
    assert folder.read() == first
    write(tmp_path, "a.yaml", "a", "elsewhere.example:7233")
    (tmp_path / "b.yaml").unlink()
    (tmp_path / "c.yaml").symlink_to(tmp_path / ".hidden.yaml")
    changed = folder.read()
    assert set(changed.by_name) == {"a", "hidden"}
    assert changed.by_name["a"].monitored_address == "elsewhere.example:7233"
    assert not changed.problems


@pytest.mark.parametrize("content", ["", "cluster: [", "cluster: a\n", "loop"])
def test_a_file_that_turns_wrong_counts_as_it_was_and_disturbs_no_other(
    tmp_path: Path, content: str
) -> None:
    folder = ClustersFolder(tmp_path)
    write(tmp_path, "a.yaml", "a")
    write(tmp_path, "b.yaml", "b")
    first = folder.read()
    wrong = tmp_path / "a.yaml"
    if content == "loop":
        wrong.unlink()
        wrong.symlink_to(wrong)
    else:
        wrong.write_text(content)
    write(tmp_path, "b.yaml", "b", "elsewhere.example:7233")
    for _ in range(2):
        now = folder.read()
        assert now.by_name["a"] == first.by_name["a"]
        assert now.by_name["b"] != first.by_name["b"]
        (problem,) = now.problems
        assert problem.cluster == "a"
        assert str(wrong) in problem.text
    wrong.unlink()
    write(tmp_path, "a.yaml", "a")
    assert not folder.read().problems


def test_a_file_that_was_never_right_is_a_problem_of_its_cluster(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "a")
    (tmp_path / "b.yaml").write_text("cluster: b\n")
    (tmp_path / "c.yaml").write_text("{")
    (tmp_path / "d.yml").write_text("cluster: d\n")
    found = ClustersFolder(tmp_path).read()
    assert set(found.by_name) == {"a"}
    assert [problem.cluster for problem in found.problems] == ["", "b", ""]


def test_two_files_with_one_name(tmp_path: Path) -> None:
    """The one that was there first keeps it; of two new ones neither is used."""
    write(tmp_path, "b.yaml", "same")
    folder = ClustersFolder(tmp_path)
    first = folder.read()
    write(tmp_path, "a.yaml", "same", "elsewhere.example:7233")
    write(tmp_path, "c.yaml", "other")
    for read in (folder.read(), folder.read()):
        assert read.by_name["same"] == first.by_name["same"]
        (problem,) = read.problems
        assert problem.cluster == "same"
        assert all(name in problem.text for name in ("a.yaml", "b.yaml"))
    new = ClustersFolder(tmp_path).read()
    assert set(new.by_name) == {"other"}
    assert [problem.cluster for problem in new.problems] == ["same"]
    (tmp_path / "b.yaml").unlink()
    moved = folder.read()
    assert moved.by_name["same"].monitored_address == "elsewhere.example:7233"
    assert not moved.problems


def test_an_empty_folder_and_none_keep_the_clusters(tmp_path: Path) -> None:
    """A volume that is not mounted looks like a folder without files."""
    clusters = tmp_path / "clusters"
    clusters.mkdir()
    write(clusters, "a.yaml", "a")
    folder = ClustersFolder(clusters)
    folder.read()
    (clusters / "a.yaml").unlink()
    for _ in range(2):
        found = folder.read()
        assert set(found.by_name) == {"a"}
        (problem,) = found.problems
        assert str(clusters) in problem.text
        clusters.rmdir() if clusters.exists() else None
    assert not ClustersFolder(clusters).read().by_name


def test_a_problem_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = ClustersFolder(tmp_path)
    write(tmp_path, "a.yaml", "a b")
    for _ in range(3):
        folder.read()
    assert len(caplog.records) == 1
