"""Why a metrics store has no Temporal server that could be proposed."""

from collections.abc import Iterable

from copilot.discover.store import samples
from copilot.discover.targets import Look, sdk_processes
from copilot.signals.prometheus import MetricsClient
from copilot.signals.roles import Role

_OTHERS = (
    'group by (job) ({__name__=~"(.+_)?(service_requests|client_requests|cache_requests)(_total)?"'
    f',service_name=~"{"|".join(Role)}"}})'
)
_CLOUD = 'group({__name__=~"temporal_cloud_.+"})'
_NAMED = 5


async def why_nothing(client: MetricsClient, seen: Look) -> str:
    """One line. Raises MetricsError."""
    dropped = await samples(client, _OTHERS)
    if dropped:
        jobs = _listed(sample.labels.get("job", "") for sample in dropped)
        return (
            f"job {jobs} has metrics of Temporal servers, but neither build_information nor"
            " persistence_requests: a relabel rule drops them, let it keep all"
        )
    if await samples(client, _CLOUD):
        return "the store has metrics of Temporal Cloud, which does not export those of its servers"
    workers = sdk_processes(seen)
    if workers:
        jobs = _listed(labels.get("job", "") for labels in workers)
        return (
            f"the store has metrics of workers (job {jobs}), but of no Temporal server: scrape the"
            " servers, too"
        )
    scraped = await samples(client, "count(up)")
    if not scraped:
        return "the store has no series `up`: nothing is scraped into it, or into this tenant"
    return (
        f"none of the store's {scraped[0].value:.0f} targets is a Temporal server: give the servers"
        " a metrics endpoint (`global.metrics.prometheus.listenAddress`) and scrape it"
    )


def _listed(jobs: Iterable[str]) -> str:
    return ", ".join(sorted(set(jobs))[:_NAMED])
