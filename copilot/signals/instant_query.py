"""Instant queries over HTTP, many at once: the part that metrics store and Loki have in common."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Literal, Self

import httpx
from pydantic import BaseModel, Field, ValidationError

from copilot.errors import SettingsError
from copilot.redact import redact
from copilot.signals.snapshot import Absence

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


class InstantQueries:
    """Asks in parallel; an answer always comes, within the budget, and nothing is raised.

    `endpoint` is the base URL; raises SettingsError when it is no URL. At most `concurrency`
    requests are under way at once, each for `timeout_seconds`; together they take
    `budget_seconds`. Use as `async with`, or call `aclose`.
    """

    _variable: ClassVar[str]
    """The setting that holds the endpoint."""
    _name: ClassVar[str]
    """What is asked, as a detail begins with it."""
    _speaks: ClassVar[str]
    """Whose API that is."""
    _max_bytes: ClassVar[int]
    """An answer is not read further than this."""
    _quotes_answers: ClassVar[bool]
    """Whether a detail may repeat what was answered."""

    def __init__(
        self, endpoint: str, *, concurrency: int, timeout_seconds: float, budget_seconds: float
    ) -> None:
        try:
            base = httpx.URL(endpoint.rstrip("/"))
        except httpx.InvalidURL as error:
            raise SettingsError(f"{self._variable}: {error}; give http://host:port") from error
        self._shown = str(base.copy_with(userinfo=b""))
        self._timeout = timeout_seconds
        self.budget_seconds = budget_seconds
        self._slots = asyncio.Semaphore(concurrency)
        self._http = httpx.AsyncClient(
            base_url=base,
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=concurrency),
            # A compressed answer can be a thousand times longer than what comes over the line.
            headers={"Accept-Encoding": "identity"},
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

    async def _ask_all(
        self, requests: Mapping[str, httpx.Request], budget_seconds: float | None = None
    ) -> dict[str, Answer]:
        """Every request's answer, by the request's name.

        `budget_seconds` is the time for all of them, by default the client's.
        A source that refuses, or lets time run out before its first answer, is not asked further.
        """
        pending = {
            asyncio.create_task(self._ask(request)): name for name, request in requests.items()
        }
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

    async def _ask(self, request: httpx.Request) -> Answer:
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout):
                    response = await self._http.send(request, stream=True)
                    try:
                        body = await self._body(response)
                    finally:
                        await response.aclose()
            except (TimeoutError, httpx.TimeoutException):
                return self._late(self._timeout)
            except httpx.ConnectError as error:
                return self._missing(Absence.REFUSED, f"refused the connection: {error}")
            except httpx.NetworkError as error:
                return self._missing(Absence.REFUSED, f"broke off the connection: {error}")
            except httpx.HTTPError as error:
                return self._unreadable("does not speak HTTP", str(error))
        if body is None:
            return self._unreadable(f"answered more than {self._max_bytes / 1e6:g} MB")
        return self._read(response, body)

    async def _body(self, response: httpx.Response) -> bytes | None:
        """The answer's bytes, or None when there are too many; the rest is then not read."""
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                return None
        return bytes(body)

    def _read(self, response: httpx.Response, body: bytes) -> Answer:
        if response.is_success:
            try:
                found = _Success.model_validate_json(body)
            except ValidationError:
                return self._unreadable(f"did not answer as {self._speaks} does", _text(body))
            return Answer(tuple(Sample(one.metric, one.value[1]) for one in found.data.result))
        status = f"answered HTTP {response.status_code}"
        try:
            failure = _Failure.model_validate_json(body)
        except ValidationError:
            absence = Absence.BAD_ANSWER if response.is_redirect else Absence.SERVER_ERROR
            return self._missing(absence, self._quoting(status, _text(body)))
        if failure.type == "timeout":
            return self._late(self._timeout)
        return self._missing(Absence.SERVER_ERROR, self._quoting(status, failure.error))

    def _late(self, seconds: float) -> Answer:
        return self._missing(Absence.TIMED_OUT, f"did not answer within {seconds:.3g} s")

    def _unreadable(self, what: str, said: str = "") -> Answer:
        return self._missing(Absence.BAD_ANSWER, self._quoting(what, said))

    def _quoting(self, what: str, said: str) -> str:
        # Cut last: a secret that is cut is not seen to be one.
        excerpt = redact(" ".join(said.split()))[:_DETAIL_LENGTH]
        return f"{what}: {excerpt}" if excerpt and self._quotes_answers else what

    def _missing(self, absence: Absence, what: str) -> Answer:
        return Answer(absence=absence, detail=f"{self._name} {self._shown} {what}".rstrip(": "))


def _hopeless(answers: Iterable[Answer]) -> Answer | None:
    """The last failure, when all that came so far says that nobody is there."""
    nobody = [a for a in answers if a.absence in (Absence.REFUSED, Absence.TIMED_OUT)]
    return nobody[-1] if len(nobody) == len(list(answers)) else None


def _text(body: bytes) -> str:
    return body[: 10 * _DETAIL_LENGTH].decode(errors="replace")
