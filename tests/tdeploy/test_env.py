"""`tdeploy env`: the stack's outputs as environment variables."""

import json

from tests.tdeploy.conftest import Clone


def test_the_environment_file_is_printed_and_written(local: Clone) -> None:
    path = local.world.folder / ".env"
    written = path.read_text(encoding="utf-8")
    assert local.tdeploy("env", "-p", "local").stdout == written
    as_json = json.loads(local.tdeploy("env", "-p", "local", "--json").stdout)
    assert [line.split("=")[0] for line in written.splitlines()[1:]] == list(as_json)
    path.unlink()
    assert local.tdeploy("env", "-p", "local", "--write").exit_code == 0
    assert path.read_text(encoding="utf-8") == written

    both = local.tdeploy("env", "-p", "local", "--json", "--write")
    assert both.exit_code == 2
    assert "--json" in both.error
    nothing = local.tdeploy("env")
    assert nothing.exit_code == 1
    assert "`tdeploy up -p copilot`" in nothing.error
