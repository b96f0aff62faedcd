"""`tdeploy build`: one image, and what uses it."""

from tests.tdeploy.conftest import Clone


def test_a_build_in_a_fresh_clone_makes_one_image(fresh: Clone) -> None:
    alone = fresh.tdeploy("build", "copilot", "-p", "local")
    assert alone.exit_code == 0, alone.stderr
    assert "temporal-sre-copilot:dev" in alone.stdout
    assert set(fresh.world.docker.images) == {"temporal-sre-copilot:dev"}
    assert not fresh.world.docker.containers


def test_a_build_leaves_the_containers_and_the_next_up_uses_it(local: Clone) -> None:
    code = local.world.folder / "copilot" / "errors.py"
    code.write_text(code.read_text() + "# changed\n")
    before = set(local.world.docker.containers)
    built = local.tdeploy("build", "copilot", "-p", "local")
    assert built.exit_code == 0, built.stderr
    assert built.stderr == "updated docker image copilot-image\n"
    assert set(local.world.docker.containers) == before
    up = local.tdeploy("services", "up", "-p", "local", "-d")
    assert "replaced docker container copilot-worker" in up.stderr

    # Without containers too.
    assert local.tdeploy("services", "down", "-p", "local").exit_code == 0
    code.write_text(code.read_text() + "# changed again\n")
    built = local.tdeploy("build", "copilot", "-p", "local")
    assert (built.exit_code, built.stderr) == (0, "updated docker image copilot-image\n")


def test_a_folder_that_is_not_a_checkout_is_refused(local: Clone) -> None:
    for words in ("build temporal /nowhere", "build copilot /nowhere -p local"):
        refused = local.tdeploy(*words.split())
        assert refused.exit_code == 1
        assert "/nowhere" in refused.error
