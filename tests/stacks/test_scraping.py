"""What the metrics store scrapes."""

import json
import re

import yaml

from stacks import local
from stacks.scraping import alloy_scrapes, alloy_worker_scrape, prometheus_configuration
from stacks.settings import LocalSettings
from stacks.temporal import FRONTEND

SERVICES = local.planned(LocalSettings()).services


def test_prometheus_gets_a_job_for_each_service_with_metrics() -> None:
    configuration = yaml.safe_load(prometheus_configuration(SERVICES, 2))
    assert configuration["global"] == {"scrape_interval": "2s", "scrape_timeout": "2s"}
    jobs = {job["job_name"]: job["static_configs"] for job in configuration["scrape_configs"]}
    assert len(jobs) == 8
    assert jobs[FRONTEND] == [
        {"targets": ["temporal-frontend:9090"], "labels": {"cluster": "monitored"}}
    ]
    assert jobs["copilot-api"] == [
        {"targets": ["copilot-api:8081"], "labels": {"cluster": "copilot"}}
    ]


def test_alloy_scrapes_the_same() -> None:
    text = alloy_scrapes(SERVICES, 15)
    scraped = re.findall(r'job_name\s+= ("[^"]+")', text)
    configuration = json.loads(prometheus_configuration(SERVICES, 15))
    jobs = [job["job_name"] for job in configuration["scrape_configs"]]
    assert [json.loads(name) for name in scraped] == jobs
    # A component's label is an identifier.
    assert re.findall(r"prometheus\.scrape \"(\w+)\" {", text) == [
        job.replace("-", "_") for job in jobs
    ]
    assert text.count("{") == text.count("}")
    assert 'scrape_timeout  = "10s"' in text


def test_users_workers_are_one_job_of_the_monitored_cluster() -> None:
    text = alloy_worker_scrape(["orders-1:9464", "10.0.0.7:9464"], 15)
    assert re.findall(r'__address__ = "(.+)"', text) == ["orders-1:9464", "10.0.0.7:9464"]
    assert text.count('cluster     = "monitored"') == 2
    assert text.count('job_name        = "workers"') == 1
    assert alloy_worker_scrape([], 15) == ""
