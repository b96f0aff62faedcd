"""Guides: parts of the server beside its services and stores."""

from copilot.explain.guides.guide import Guide
from copilot.health.decision import RuleName

GUIDES = {
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
