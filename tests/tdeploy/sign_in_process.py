"""Everything that signs in to AWS, in a process of its own for each situation.

botocore fixes its paths when it is imported. So this process imports all, and forks a child for
each line of standard input: the environment as JSON. The answer is one line of JSON.
"""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import IO

from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import ModelRequest
from pydantic_ai.models import ModelRequestParameters
from temporalio.exceptions import ApplicationError

import tdeploy.kb.commands
from copilot.aws_errors import AWS_ERRORS
from copilot.aws_session import signed_in
from copilot.model.bedrock import converse_model
from copilot.model.failures import failure_reason
from stacks.preflight import aws
from stacks.preflight.aws_in_containers import container_problems
from stacks.settings import CopilotSettings
from tdeploy.checks.aws import check_aws
from tests.tdeploy.command import run_here

REGION = "eu-west-1"
MODEL = "eu.anthropic.claude-sonnet-5-5"
KB = ("kb", "status", "--kb-id", "KB00000000", "--ds-id", "DS00000000", "--region", REGION)
assert tdeploy.kb.commands


def up() -> object:
    """What the program of the stack `copilot` finds wrong."""
    return [*aws.problems(REGION, embeddings=True)]


def containers() -> object:
    return [*container_problems()]


def doctor() -> object:
    return [[check.name, check.state, check.fix] for check in check_aws(CopilotSettings())]


def kb() -> object:
    ended = run_here(*KB, environment=dict(os.environ))
    return [ended.exit_code, ended.stderr]


def model() -> object:
    """The reason in an assessment, after Temporal carried the error."""
    try:
        converse = converse_model(MODEL, MODEL, signed_in(REGION), REGION)
        messages = [ModelRequest.user_text_prompt("?")]
        asyncio.run(converse.request([*messages], {"max_tokens": 10}, ModelRequestParameters()))
    except AgentRunError as error:
        return failure_reason(error, MODEL)
    except AWS_ERRORS as error:
        carried = ApplicationError(str(error), type=type(error).__name__)
        return failure_reason(carried, MODEL)
    return ""


PARTS: tuple[Callable[[], object], ...] = (up, containers, doctor, kb, model)


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    for line in sys.stdin:
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            _answer(json.loads(line), os.fdopen(write, "w"))
        os.close(write)
        with os.fdopen(read) as answer:
            text = answer.read()
        os.waitpid(child, 0)
        answers.write(text + "\n")
        answers.flush()


def _answer(environment: Mapping[str, str], answer: IO[str]) -> None:
    """In the child: what each part says; a traceback where one does not end as it should."""
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115
    os.environ.clear()
    os.environ.update(environment)
    found: dict[str, object] = {}
    for part in PARTS:
        try:
            found[part.__name__] = part()
        except BaseException:  # noqa: BLE001
            found[part.__name__] = traceback.format_exc()
    with answer:
        json.dump(found, answer)
    os._exit(0)


if __name__ == "__main__":
    main()
