"""What the stack `local` costs on a real Docker engine, images present."""

from tests.bench.command import seconds_of
from tests.bench.figure import Figure
from tests.bench.running import Say
from tests.docker.debian import NotHereError, what_is_missing
from tests.docker.local_stack import STACK, local_stack


def measure(say: Say) -> list[Figure]:
    """Seconds of `up`, of what it adds to its services' own start, of a second `up`, of
    `tdeploy status` beside it, of `destroy`.

    Nothing where this machine cannot run an engine of its own; the reason is said.
    """
    if missing := what_is_missing():
        say(f"the stack is left out: it {missing}")
        return []
    try:
        with local_stack() as stack:
            say("the stack's images are made")
            start = stack.started()
            second = stack.project.up(STACK)
            commands = stack.project.commands
            status = seconds_of(
                *("-m", "tdeploy", "status", "-p", STACK),
                folder=commands.project,
                environment=commands.environment,
            )
            destroyed = stack.project.destroy(STACK)
    except NotHereError as error:
        say(f"the stack is left out: {error}")
        return []
    return [
        Figure("up -s local", start.outcome.seconds, "s"),
        Figure("up -s local, beyond its services' own start", start.overhead_seconds, "s", 20),
        Figure("second up -s local", second.seconds, "s", 15),
        Figure("tdeploy status of a running local stack", status, "s", 2),
        Figure("destroy -s local", destroyed.seconds, "s", 30),
    ]
