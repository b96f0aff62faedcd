"""What is said of a failure: its causes, each once, without what follows from them."""

from tdeploy.causes import causes
from tdeploy.progress import Resource

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
    for kind, said in kinds.items():
        assert Resource(f"urn:pulumi:dev::copilot::{kind}::name", kind).label == f"{said} name"


def test_the_program_ended_by_the_engine_is_no_cause() -> None:
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


def test_what_real_providers_put_around_a_cause_is_left_away() -> None:
    text = (
        "sdk-v2/provider2.go:572: sdk.helper_schema: 1 error occurred:\n\t* creating X: refused\n\n"
    )
    assert causes([(MIMIR, text)]) == ["docker container mimir: creating X: refused"]


def test_a_job_that_failed_is_told_once() -> None:
    errors = [
        (STACK, "the job temporal-schema failed with exit code 3; its last lines:\n  boom"),
        (None, "the job temporal-schema failed with exit code 3, as said above"),
        (STACK, "the job temporal-schema failed with exit code 3; its last lines:\n  boom"),
    ]
    assert causes(errors) == [
        "the job temporal-schema failed with exit code 3; its last lines:\n  boom"
    ]


def test_a_mistake_of_the_program_is_its_last_line() -> None:
    text = "Traceback (most recent call last):\n  File x, line 1\nKeyError: 'region'"
    assert causes([(STACK, text)]) == [
        "the program ended with KeyError: 'region', which is a bug of ours"
    ]


def test_what_many_resources_fail_of_is_said_once() -> None:
    loki = Resource(MIMIR.urn.replace("mimir", "loki"), MIMIR.type)
    down = "cannot connect to the Docker daemon"
    assert causes([(MIMIR, down), (loki, down), (MIMIR, down), (loki, "another")]) == [
        f"docker container mimir and 1 more: {down}",
        "docker container loki: another",
    ]


def test_what_is_protected_says_how_it_goes() -> None:
    text = (
        'Preview failed: resource "urn:pulumi:dev::copilot::aws:dsql/cluster:Cluster::a-dsql"'
        " cannot be deleted\nbecause it is protected. To unprotect the resource, remove the"
        " `protect` flag, or use the command:\n`pulumi state unprotect urn`"
    )
    [said] = causes([(None, text)])
    assert said.startswith("aws dsql cluster a-dsql is protected and stays: ")
    assert "`tdeploy pulumi config set -s dev protected false`" in said
