"""The Bedrock knowledge base: what it is, what its jobs did, and how one is started."""

from collections import Counter
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tdeploy.aws import client, explained

_GOING_ON = {"STARTING", "IN_PROGRESS", "STOPPING"}


class _Answer(BaseModel):
    """A part of one of AWS's answers, whose names begin in lower case."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Statistics(_Answer):
    """Documents that a job saw, and what became of them."""

    scanned: int = Field(0, alias="numberOfDocumentsScanned")
    new: int = Field(0, alias="numberOfNewDocumentsIndexed")
    modified: int = Field(0, alias="numberOfModifiedDocumentsIndexed")
    deleted: int = Field(0, alias="numberOfDocumentsDeleted")
    failed: int = Field(0, alias="numberOfDocumentsFailed")


class Job(_Answer):
    """An ingestion. `failure_reasons` are known only where a single job was asked for."""

    ingestion_job_id: str
    status: str
    started_at: datetime
    updated_at: datetime
    statistics: Statistics = Statistics()
    failure_reasons: tuple[str, ...] = ()

    @property
    def goes_on(self) -> bool:
        return self.status in _GOING_ON

    def __str__(self) -> str:
        seen = self.statistics
        return (
            f"job {self.ingestion_job_id}: {self.status}, {seen.scanned} scanned, {seen.new} new,"
            f" {seen.modified} modified, {seen.deleted} deleted, {seen.failed} failed"
        )

    @property
    def succeeded(self) -> bool:
        """It ended, and no document failed."""
        return self.status == "COMPLETE" and not self.statistics.failed


class Part(_Answer):
    """The knowledge base, or its data source."""

    name: str
    status: str
    failure_reasons: tuple[str, ...] = ()


class _S3(_Answer):
    bucket_arn: str


class _SourceConfiguration(_Answer):
    s3_configuration: _S3 | None = None


class DataSource(Part):
    """Where the knowledge base reads."""

    data_source_configuration: _SourceConfiguration = Field(exclude=True)

    @property
    def bucket(self) -> str:
        """Name of the bucket that it reads; "" where it reads something else."""
        s3 = self.data_source_configuration.s3_configuration
        return s3.bucket_arn.rpartition(":")[2] if s3 else ""


class KnowledgeBase:
    """Each method raises AwsError: one line."""

    def __init__(self, knowledge_base_id: str, data_source_id: str, region: str) -> None:
        self._ids = {"knowledgeBaseId": knowledge_base_id, "dataSourceId": data_source_id}
        self._region = region
        self._subject = f"data source {data_source_id} of knowledge base {knowledge_base_id}"
        # Any: the types of Bedrock are a package that we do without.
        self._bedrock: Any = client("bedrock-agent", region)

    def base(self) -> Part:
        """The knowledge base."""
        base_id = self._ids["knowledgeBaseId"]
        with explained(f"knowledge base {base_id}", self._region):
            answer = self._bedrock.get_knowledge_base(knowledgeBaseId=base_id)
        return Part.model_validate(answer["knowledgeBase"])

    def source(self) -> DataSource:
        """The data source."""
        with explained(self._subject, self._region):
            answer = self._bedrock.get_data_source(**self._ids)
        return DataSource.model_validate(answer["dataSource"])

    def documents(self) -> dict[str, int]:
        """How many documents are in each of Bedrock's states, such as INDEXED."""
        with explained(self._subject, self._region):
            pages = self._bedrock.get_paginator("list_knowledge_base_documents").paginate(
                **self._ids
            )
            return Counter(
                document["status"] for page in pages for document in page["documentDetails"]
            )

    def jobs(self, limit: int) -> list[Job]:
        """The last jobs, newest first."""
        with explained(self._subject, self._region):
            pages = self._bedrock.get_paginator("list_ingestion_jobs").paginate(**self._ids)
            found = [
                Job.model_validate(job) for page in pages for job in page["ingestionJobSummaries"]
            ]
        return sorted(found, key=lambda job: job.started_at, reverse=True)[:limit]

    def job(self, job_id: str) -> Job:
        """A job as it is now."""
        with explained(self._subject, self._region):
            answer = self._bedrock.get_ingestion_job(**self._ids, ingestionJobId=job_id)
        return Job.model_validate(answer["ingestionJob"])

    def start_job(self) -> Job:
        """Begin to ingest. AwsRefusalError with the code ConflictException where a job goes on."""
        with explained(self._subject, self._region):
            answer = self._bedrock.start_ingestion_job(**self._ids)
        return Job.model_validate(answer["ingestionJob"])
