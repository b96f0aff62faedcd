"""The scrapes in Alloy's configuration."""

import re

from stacks.catalogue.alloy import targets
from stacks.catalogue.by_stack import catalogue_for
from stacks.settings import LocalSettings


def scrapes(settings: LocalSettings) -> str:
    (file,) = catalogue_for(settings).workloads["alloy"].files
    assert isinstance(file.content, str)
    return file.content.partition('prometheus.remote_write "')[0]


def test_alloy_has_a_component_for_each_service_with_metrics() -> None:
    text = scrapes(LocalSettings())
    listed = list(targets(catalogue_for(LocalSettings()).services))
    assert re.findall(r'job_name +=\s"([^"]+)"', text) == [target.job for target in listed]
    assert re.findall(r'__address__ = "(.+)"', text) == [target.address for target in listed]
    assert re.findall(r'cluster +=\s"(.+)"', text) == [target.cluster for target in listed]
    # The label of a component is an identifier.
    assert re.findall(r"prometheus\.scrape \"(\w+)\" {", text) == [
        target.job.replace("-", "_") for target in listed
    ]
    assert text.count('scrape_timeout  = "10s"') == len(listed)


def test_users_workers_are_one_job_of_the_monitored_cluster() -> None:
    addresses = ("orders-1:9464", "10.0.0.7:9464")
    job = scrapes(LocalSettings(worker_targets=addresses)).partition('"workers" {')[2]
    assert re.findall(r'__address__ = "(.+)"', job) == [*addresses]
    assert job.count('cluster     = "monitored"') == 2
    assert job.count('job_name        = "workers"') == 1
    assert '"workers"' not in scrapes(LocalSettings())
