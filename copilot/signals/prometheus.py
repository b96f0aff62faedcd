"""Instant queries to a metrics store that speaks Prometheus' HTTP API (Prometheus, Mimir)."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

import httpx
from pydantic import BaseModel, Field, ValidationError

from copilot.errors import SettingsError
from copilot.signals.snapshot import Absence

_BUDGET_SECONDS = 20.0  # under the 25 s that a cycle allows its metrics
_DETAIL_LENGTH = 200


@dataclass(frozen=True)
class Sample:
    """One series' value; NaN and infinities are possible."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Answer:
    """What one query found (perhaps nothing), or why it was not answered."""

    samples: tuple[Sample, ...] = ()
    absence: Absence | None = None
    detail: str = ""


class _Series(BaseModel):
    metric: dict[str, str]
    value: tuple[float, float]


class _Vector(BaseModel):
    type: Literal["vector"] = Field(alias="resultType")
    result: tuple[_Series, ...]


class _Success(BaseModel):
    status: Literal["success"]
    data: _Vector


class _Failure(BaseModel):
    status: Literal["error"]
    error: str
    type: str = Field("", alias="errorType")


class MetricsClient:
    """Asks queries in parallel; an answer always comes, within the budget, and nothing is raised.

    `endpoint` is the base URL without `/api/v1`; raises SettingsError when it is no URL.
    At most `concurrency` queries are under way at once, each for `timeout_seconds`; together they
    take `budget_seconds`. Use as `async with`, or call `aclose`.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        concurrency: int,
        timeout_seconds: float,
        budget_seconds: float = _BUDGET_SECONDS,
    ) -> None:
        try:
            base = httpx.URL(endpoint.rstrip("/"))
        except httpx.InvalidURL as error:
            raise SettingsError(f"PROMETHEUS_ENDPOINT: {error}; give http://host:port") from error
        self._shown = str(base.copy_with(userinfo=b""))
        self._timeout = timeout_seconds
        self.budget_seconds = budget_seconds
        self._slots = asyncio.Semaphore(concurrency)
        self._http = httpx.AsyncClient(
            base_url=base,
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=concurrency),
            # The endpoint is exactly what was set: no proxy, no .netrc of the environment.
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def query_all(
        self, queries: Iterable[str], *, budget_seconds: float | None = None
    ) -> dict[str, Answer]:
        """Every query with its answer; equal queries are asked once.

        `budget_seconds` is the time for all of them, by default the client's.

        A store that refuses, or lets time run out before its first answer, is not asked further.
        """
        pending = {asyncio.create_task(self.query(text)): text for text in dict.fromkeys(queries)}
        answers: dict[str, Answer] = {}
        clock = asyncio.get_running_loop()
        budget = self.budget_seconds if budget_seconds is None else budget_seconds
        deadline = clock.time() + budget
        rest: Answer | None = None
        try:
            while pending and rest is None:
                left = max(0.0, deadline - clock.time())
                done, _ = await asyncio.wait(
                    pending, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                answers |= {pending.pop(task): task.result() for task in done}
                rest = _hopeless(answers.values()) if done else self._late(budget)
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        return answers | dict.fromkeys(pending.values(), rest or Answer())

    async def query(self, promql: str) -> Answer:
        """The answer to one query, now."""
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout):
                    response = await self._http.post(
                        # In whole milliseconds: Prometheus refuses a fraction, such as "2.5s".
                        "/api/v1/query",
                        data={"query": promql, "timeout": f"{self._timeout * 1000:.0f}ms"},
                    )
            except (TimeoutError, httpx.TimeoutException):
                return self._late(self._timeout)
            except httpx.ConnectError as error:
                return self._missing(Absence.REFUSED, f"refused the connection: {error}")
            except httpx.NetworkError as error:
                return self._missing(Absence.REFUSED, f"broke off the connection: {error}")
            except httpx.HTTPError as error:
                return self._missing(Absence.BAD_ANSWER, f"does not speak HTTP: {error}")
        return self._read(response)

    def _read(self, response: httpx.Response) -> Answer:
        if response.is_success:
            try:
                body = _Success.model_validate_json(response.content)
            except ValidationError:
                found = _excerpt(response.text)
                return self._missing(
                    Absence.BAD_ANSWER, f"did not answer as Prometheus does: {found}"
                )
            return Answer(tuple(Sample(found.metric, found.value[1]) for found in body.data.result))
        try:
            failure = _Failure.model_validate_json(response.content)
        except ValidationError:
            status = f"answered HTTP {response.status_code}"
            absence = Absence.BAD_ANSWER if response.is_redirect else Absence.SERVER_ERROR
            return self._missing(absence, f"{status}: {_excerpt(response.text)}")
        if failure.type == "timeout":
            return self._late(self._timeout)
        status = f"answered HTTP {response.status_code}"
        return self._missing(Absence.SERVER_ERROR, f"{status}: {_excerpt(failure.error)}")

    def _late(self, seconds: float) -> Answer:
        return self._missing(Absence.TIMED_OUT, f"did not answer within {seconds:.3g} s")

    def _missing(self, absence: Absence, what: str) -> Answer:
        return Answer(absence=absence, detail=f"metrics store {self._shown} {what}".rstrip(": "))


def _hopeless(answers: Iterable[Answer]) -> Answer | None:
    """The last failure, when all that came so far says that nobody is there."""
    nobody = [a for a in answers if a.absence in (Absence.REFUSED, Absence.TIMED_OUT)]
    return nobody[-1] if len(nobody) == len(list(answers)) else None


def _excerpt(text: str) -> str:
    return " ".join(text.split())[:_DETAIL_LENGTH]
