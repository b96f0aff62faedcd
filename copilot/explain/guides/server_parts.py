"""Guides: parts of the server beside its services and stores."""

from copilot.explain.guides.guide import Guide
from copilot.health.decision import RuleName

GUIDES = {
    RuleName.MEMBERSHIP: Guide(
        "Outside the ring of members: {subject}",
        "Its processes run, but other services do not find them, or shards have no owner: their"
        " workflows wait.",
        (
            "the membership ports are not reachable between the hosts",
            "processes announce an address that others cannot reach (broadcastAddress)",
            "hosts of two clusters share a database or a list of members",
        ),
        (
            "read `Current reachable members` in the log of each service",
            "list the members with `tdbg membership list-gossip`, and compare with the processes",
            "connect to the membership port of the named role or instance from another host",
        ),
    ),
    RuleName.DEAD_LETTERS: Guide(
        "The dead letter queue has history tasks",
        "Workflows whose tasks are in it may not go on until an operator merges the tasks back.",
        (
            "stored data of a workflow is damaged or of another version of the server",
            "a fault of the server, such as after an upgrade or a downgrade",
            "errors of the database that the server does not know, for many attempts",
        ),
        (
            "list the queues with `tdbg dlq list`, and read their tasks with `tdbg dlq read`",
            "read the error in the history log beside `Marking task as terminally failed`",
            "remove the cause, then merge the tasks back with `tdbg dlq merge`; purge only tasks"
            " whose workflows are gone",
        ),
    ),
}
