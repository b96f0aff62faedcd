"""Guides: users' workflows."""

from copilot.explain.guides.guide import Guide
from copilot.health.decision import RuleName

GUIDES = {
    RuleName.COMPLETIONS: Guide(
        "Too many workflows fail",
        "Executions end as failed or timed out instead of completed.",
        (
            "a recent deployment of the workers that run this workflow type",
            "a dependency of its activities is down",
            "time-outs are shorter than the work now takes",
        ),
        (
            "open failed executions of the named type in Temporal's UI and read the failure",
            "compare the time of the last worker deployment",
            "check the services that its activities call",
        ),
    ),
    RuleName.COMPLETIONS_GONE: Guide(
        "No workflow completes any more",
        "Starts continue, but next to no workflow ends.",
        (
            "workflow tasks fail and are retried after a deployment",
            "workers of one step are gone or stuck",
            "a service that activities call does not answer",
        ),
        (
            "look at failed workflow tasks and their reasons",
            "look for queues whose oldest task grows old",
            "open one workflow that should have ended",
        ),
    ),
    RuleName.FAILING_TYPE: Guide(
        "Every run of {subject} fails",
        "This workflow type has not succeeded for several runs.",
        (
            "its code or its input changed",
            "a service that it depends on does not answer",
            "a permission or a secret expired",
        ),
        (
            "open the failure of its newest run",
            "compare the time of its first failure with deployments",
            "run it by hand",
        ),
    ),
    RuleName.SIZE_LIMIT: Guide(
        "Workflows or payloads are over or near a limit of size: {subject}",
        "Over a limit the server ends the workflow or refuses the request; long before it the"
        " workflow gets slow, because its history is read again and again.",
        (
            "a workflow that loops without continuing as new",
            "signals or activities without end in one workflow",
            "payloads that hold data which belongs into a store of its own",
        ),
        (
            "list workflows of the namespace by `HistoryLength` or `HistorySizeBytes`",
            "let long workflows continue as new, when the SDK suggests it",
            "pass a reference instead of the data, or compress payloads",
        ),
    ),
    RuleName.TASK_FAILURES: Guide(
        "Workflow tasks fail and are retried: {subject}",
        "The affected workflows do not move until their code is fixed.",
        (
            "a deployment changed workflow code that running workflows replay",
            "workflow code raises an error that is not a failure of the workflow",
            "workers lack a workflow type",
        ),
        (
            "read the workers' log for the reason",
            "list workflows with a workflow task of many attempts",
            "compare the time of the first failure with deployments",
        ),
    ),
}
