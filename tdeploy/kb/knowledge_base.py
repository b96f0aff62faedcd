"""The Bedrock knowledge base, its data source and its ingestion jobs."""

from collections import Counter
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tdeploy.aws import client, translated_errors

_RUNNING = {"STARTING", "IN_PROGRESS", "STOPPING"}


class _AwsModel(BaseModel):
    """A part of an AWS answer, whose keys are in camel case."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Statistics(_AwsModel):
    """Numbers of documents in a job."""

    scanned: int = Field(0, alias="numberOfDocumentsScanned")
    new: int = Field(0, alias="numberOfNewDocumentsIndexed")
    modified: int = Field(0, alias="numberOfModifiedDocumentsIndexed")
    deleted: int = Field(0, alias="numberOfDocumentsDeleted")
    failed: int = Field(0, alias="numberOfDocumentsFailed")


class Job(_AwsModel):
    """An ingestion. Only `KnowledgeBase.job` returns `failure_reasons`."""

    ingestion_job_id: str
    status: str
    started_at: datetime
    updated_at: datetime
    statistics: Statistics = Statistics()
    failure_reasons: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        return self.status in _RUNNING

    def __str__(self) -> str:
        counts = self.statistics
        return (
            f"job {self.ingestion_job_id}: {self.status}, {counts.scanned} scanned,"
            f" {counts.new} new, {counts.modified} modified, {counts.deleted} deleted,"
            f" {counts.failed} failed"
        )

    @property
    def succeeded(self) -> bool:
        """Whether it ended and no document failed."""
        return self.status == "COMPLETE" and not self.statistics.failed


class Part(_AwsModel):
    """The knowledge base, or its data source."""

    name: str
    status: str
    failure_reasons: tuple[str, ...] = ()


class _S3(_AwsModel):
    bucket_arn: str


class _SourceConfiguration(_AwsModel):
    s3_configuration: _S3 | None = None


class DataSource(Part):
    """The source of the knowledge base's documents."""

    data_source_configuration: _SourceConfiguration = Field(exclude=True)

    @property
    def bucket(self) -> str:
        """Name of its bucket; "" if it reads something else."""
        s3 = self.data_source_configuration.s3_configuration
        return s3.bucket_arn.rpartition(":")[2] if s3 else ""


class KnowledgeBase:
    """Requests about one knowledge base and data source. Each method raises AwsError."""

    def __init__(self, knowledge_base_id: str, data_source_id: str, region: str) -> None:
        self.knowledge_base_id, self.data_source_id = knowledge_base_id, data_source_id
        self.region = region
        self._ids = {"knowledgeBaseId": knowledge_base_id, "dataSourceId": data_source_id}
        self._subject = f"data source {data_source_id} of knowledge base {knowledge_base_id}"
        self._bedrock: Any = client("bedrock-agent", region)

    def base(self) -> Part:
        """The knowledge base."""
        with translated_errors(f"knowledge base {self.knowledge_base_id}", self.region):
            answer = self._bedrock.get_knowledge_base(knowledgeBaseId=self.knowledge_base_id)
        return Part.model_validate(answer["knowledgeBase"])

    def source(self) -> DataSource:
        """The data source."""
        with translated_errors(self._subject, self.region):
            answer = self._bedrock.get_data_source(**self._ids)
        return DataSource.model_validate(answer["dataSource"])

    def documents(self) -> dict[str, int]:
        """The number of documents in each of Bedrock's states, such as INDEXED."""
        with translated_errors(self._subject, self.region):
            pages = self._bedrock.get_paginator("list_knowledge_base_documents").paginate(
                **self._ids
            )
            return Counter(
                document["status"] for page in pages for document in page["documentDetails"]
            )

    def jobs(self, limit: int) -> list[Job]:
        """The last jobs, newest first."""
        with translated_errors(self._subject, self.region):
            pages = self._bedrock.get_paginator("list_ingestion_jobs").paginate(**self._ids)
            found = [
                Job.model_validate(job) for page in pages for job in page["ingestionJobSummaries"]
            ]
        return sorted(found, key=lambda job: job.started_at, reverse=True)[:limit]

    def job(self, job_id: str) -> Job:
        """The job's current state."""
        with translated_errors(self._subject, self.region):
            answer = self._bedrock.get_ingestion_job(**self._ids, ingestionJobId=job_id)
        return Job.model_validate(answer["ingestionJob"])

    def start_job(self) -> Job:
        """Start a job. Raises AwsRefusalError with code ConflictException if one is running."""
        with translated_errors(self._subject, self.region):
            answer = self._bedrock.start_ingestion_job(**self._ids)
        return Job.model_validate(answer["ingestionJob"])
