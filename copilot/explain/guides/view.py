"""Guides: what hides the cluster from the Copilot, and what only its logs say."""

from copilot.explain.guides.guide import Guide
from copilot.health.decision import RuleName

GUIDES = {
    RuleName.VIEW: Guide(
        "Cannot see {subject}",
        "No verdict is possible: the cluster may be healthy or not.",
        (
            "the metrics store is down or not reachable from the Copilot's worker",
            "scraping of the cluster stopped, or its job or cluster labels changed",
            "the servers export several metric naming styles at once, or an unknown one",
            "the label matchers select no cluster, two, or another one than the frontend's",
        ),
        (
            "open the metrics store and look at its targets page",
            "query `up` with the cluster's label: four jobs are expected",
            "compare PROMETHEUS_ENDPOINT, COPILOT_CLUSTER and COPILOT_LABELS_MATCHER with the"
            " collector's settings, and COPILOT_METRICS_HEADERS with the store's tenants",
            "run `python -m copilot check` in the worker's environment",
        ),
    ),
    RuleName.DUPLICATED_SERIES: Guide(
        "The metrics store has series several times",
        "Every rate and sum is too high by as much; shares, ages and latencies are right.",
        (
            "two replicas of a collector write to the store without deduplication",
            "two scrape jobs read the same instances",
        ),
        (
            "compare the labels of the `up` series of one instance: one of them differs",
            "turn on deduplication of replicas in the store (Mimir, Thanos), or write once",
        ),
    ),
    RuleName.DROPPED_SAMPLES: Guide(
        "Not all samples of {subject} are kept",
        "A counter that is missing reads as 0: errors may happen whose counter was dropped.",
        (
            "a relabel rule keeps or drops metrics by name",
            "a limit of samples in the scrape",
        ),
        (
            "read the `metric_relabel_configs` of the job",
            "keep all series of Temporal's servers, or at least those of docs/signals.md",
        ),
    ),
    RuleName.CRITICAL_LOG: Guide(
        "The log has lines of {subject}",
        "No rule fires for it by itself.",
        ("the pattern's meaning names it",),
        ("read these lines in the service's log",),
    ),
    RuleName.CANARY_UNABLE: Guide(
        "The canary does not run",
        "The verdict rests on the other rules; it finds a single stuck shard later or never.",
        (
            "the cluster does not allow the Copilot to register a namespace or start workflows",
            "the Copilot's worker is too slow or cannot connect",
        ),
        (
            "read the reason in the notice",
            "set COPILOT_CANARY=off where the Copilot may only read",
        ),
    ),
}
