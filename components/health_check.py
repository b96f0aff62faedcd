"""A service's probe as its container's health check: quick until it is ready, then rare.

To run a command in a container costs the engine much more than the command itself, so the command
sets the pace. Engines before 25 have no interval of their own for the start, and all run the first
check after one interval.
"""

import pulumi_docker as docker

from components.workload import Probe

READY_INTERVAL = 60
"""Seconds between checks of a service that was ready at the last one."""
MARK = "was-ready"
"""Name of a file in memory that is new at each start of the container."""
_ATTEMPTS = 5
_FAILURES = 3
_SCRIPT = """\
mark=/dev/shm/{mark}
if [ -e $mark ]; then rm $mark && sleep {ready_interval}; fi
attempts={attempts}
until timeout {timeout} "$@"; do
  attempts=$((attempts - 1))
  if [ $attempts -eq 0 ]; then exit 1; fi
  sleep {interval}
done
touch $mark
"""


def health_check(probe: Probe) -> docker.ContainerHealthcheckArgs:
    """The check, which fails when some attempts in a row failed."""
    script = _SCRIPT.format(
        mark=MARK,
        ready_interval=READY_INTERVAL,
        attempts=_ATTEMPTS,
        timeout=probe.timeout,
        interval=probe.interval,
    )
    shell = probe.command[0] == "CMD-SHELL"
    command = ("sh", "-c", *probe.command[1:]) if shell else probe.command
    longest = READY_INTERVAL + _ATTEMPTS * (probe.timeout + probe.interval)
    return docker.ContainerHealthcheckArgs(
        tests=["CMD", "sh", "-c", script, "health-check", *command],
        interval=go_duration(1),
        # A slow machine takes seconds to start the command.
        timeout=go_duration(2 * longest),
        retries=_FAILURES,
        start_period=go_duration(probe.time_limit),
    )


def go_duration(seconds: int) -> str:
    """Whole seconds in the form of the engine: 90 is 1m30s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
