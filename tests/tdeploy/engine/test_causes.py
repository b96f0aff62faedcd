"""The causes of a failed operation."""

from tdeploy.engine.causes import causes
from tdeploy.engine.resource import Resource

STACK = Resource(
    "urn:pulumi:local::copilot::pulumi:pulumi:Stack::copilot-local", "pulumi:pulumi:Stack"
)
MIMIR = Resource(
    "urn:pulumi:local::copilot::copilot:docker:ContainerService$docker:index/container:Container::mimir",
    "docker:index/container:Container",
)


def test_a_resource_is_named_by_kind_and_name() -> None:
    assert MIMIR.label == "docker container mimir"
    kinds = {
        "aws:dsql/cluster:Cluster": "aws dsql cluster",
        "aws:bedrock/agentKnowledgeBase:AgentKnowledgeBase": "aws bedrock knowledge base",
        "aws:s3/vectorsIndex:VectorsIndex": "aws s3 index",
        "docker:index/remoteImage:RemoteImage": "docker remote image",
    }
    for kind, words in kinds.items():
        assert Resource(f"urn:pulumi:dev::copilot::{kind}::name", kind).label == f"{words} name"


def test_the_end_of_the_program_after_another_error_is_not_a_cause() -> None:
    errors = [
        (MIMIR, "\n<{%fg 1%}>Unable to start container: port is already allocated<{%reset%}>"),
        (
            STACK,
            "Program failed with an unhandled exception:\nTraceback (most recent call last):\n"
            "  File x\nKeyboardInterrupt",
        ),
        (STACK, "update failed"),
        (STACK, 'before hook "x" failed: rpc error: code = Unavailable desc = connection error'),
    ]
    assert causes(errors) == [
        "docker container mimir: Unable to start container: port is already allocated"
    ]


def test_the_prefix_of_real_providers_is_removed() -> None:
    text = (
        "sdk-v2/provider2.go:572: sdk.helper_schema: 1 error occurred:\n\t* creating X: refused\n\n"
    )
    assert causes([(MIMIR, text)]) == ["docker container mimir: creating X: refused"]


def test_a_failed_job_is_reported_once() -> None:
    errors = [
        (STACK, "the job temporal-schema failed with exit code 3; its last lines:\n  boom"),
        (None, "the job temporal-schema failed with exit code 3; its log is above"),
        (STACK, "the job temporal-schema failed with exit code 3; its last lines:\n  boom"),
    ]
    assert causes(errors) == [
        "the job temporal-schema failed with exit code 3; its last lines:\n  boom"
    ]


def test_a_defect_of_the_program_is_its_last_line() -> None:
    text = "Traceback (most recent call last):\n  File x, line 1\nKeyError: 'region'"
    (cause,) = causes([(STACK, text)])
    assert "KeyError: 'region'" in cause
    assert "File x" not in cause


def test_a_cause_of_many_resources_is_reported_once() -> None:
    loki = Resource(MIMIR.urn.replace("mimir", "loki"), MIMIR.type)
    down = "cannot connect to the Docker daemon"
    assert causes([(MIMIR, down), (loki, down), (MIMIR, down), (loki, "another")]) == [
        f"docker container mimir and 1 more: {down}",
        "docker container loki: another",
    ]


def test_a_protected_resource_has_the_command_that_unprotects_it() -> None:
    text = (
        'Preview failed: resource "urn:pulumi:dev::copilot::aws:dsql/cluster:Cluster::a-dsql"'
        " cannot be deleted\nbecause it is protected. To unprotect the resource, remove the"
        " `protect` flag, or use the command:\n`pulumi state unprotect urn`"
    )
    (cause,) = causes([(None, text)])
    assert "aws dsql cluster a-dsql" in cause
    assert "`tdeploy pulumi config set -s dev protected false`" in cause
