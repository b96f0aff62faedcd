"""Instant queries over HTTP, in parallel: the base of the clients of Prometheus and Loki."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import httpx
from pydantic import BaseModel, Field, ValidationError

from copilot.access.http import SourceAuth, open_client
from copilot.access.settings import HttpAccess
from copilot.errors import SettingsError
from copilot.redact import redact
from copilot.signals.http_failures import FAILURES, failure_of
from copilot.signals.reading import Absence

_DETAIL_LENGTH = 200
_DENIED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
_BUDGET_SECONDS = 20.0  # under the 25 s that a cycle allows its metrics


@dataclass(frozen=True)
class Sample:
    """One series' value; NaN and infinities are possible."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Answer:
    """The samples of one query, perhaps none, or why it was not answered."""

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
    """A client that returns an answer to every query within its budget, and raises nothing.

    `endpoint` is the base URL; raises SettingsError when it is not a URL, and so for the proxy.
    `access` is how the client signs in. At most `concurrency` requests run at once, each for at
    most `timeout_seconds`, all of them for `budget_seconds`. Use as `async with`.
    """

    _variable: ClassVar[str]
    """The setting that holds the endpoint."""
    _access: ClassVar[str]
    """What the settings of the source's access begin with."""
    _name: ClassVar[str]
    """Name of the source, with which a detail begins."""
    _api: ClassVar[str]
    """Product whose API the source has."""
    _max_bytes: ClassVar[int]
    """An answer is read up to this size."""
    _quotes_answers: ClassVar[bool]
    """Whether a detail may quote the answer; it always quotes why access is denied."""

    def __init__(
        self,
        endpoint: str,
        access: HttpAccess | None = None,
        *,
        concurrency: int = 4,
        timeout_seconds: float,
        budget_seconds: float = _BUDGET_SECONDS,
    ) -> None:
        try:
            base = httpx.URL(endpoint.rstrip("/"))
        except httpx.InvalidURL as error:
            raise _no_url(self._variable) from error
        access = access or HttpAccess()
        # Both may hold a secret.
        self._shown = str(base.copy_with(userinfo=b"", query=None))
        proxy = access.proxy.get_secret_value()
        if proxy:
            self._shown += f" by {self._access}_PROXY"
        self._timeout = timeout_seconds
        self.budget_seconds = budget_seconds
        self._slots = asyncio.Semaphore(concurrency)
        self._auth = SourceAuth(access)
        try:
            self._http = open_client(
                base,
                self._auth,
                proxy,
                timeout_seconds=timeout_seconds,
                connections=concurrency,
            )
        except httpx.InvalidURL as error:
            raise _no_url(f"{self._access}_PROXY") from error
        # A compressed answer can be a thousand times longer than its bytes on the wire.
        self._http.headers["Accept-Encoding"] = "identity"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def _send_all(
        self, requests: Mapping[str, httpx.Request], budget_seconds: float | None = None
    ) -> dict[str, Answer]:
        """Every request's answer, by the request's name.

        `budget_seconds` is the time for all of them, by default the client's. While every answer
        is a refusal or a time-out, the remaining requests are cancelled with the same answer.
        """
        pending = {
            asyncio.create_task(self._send(request)): name for name, request in requests.items()
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
                rest = _no_source(answers.values()) if done else self._timed_out(budget)
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        return answers | dict.fromkeys(pending.values(), rest or Answer())

    async def _send(self, request: httpx.Request) -> Answer:
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout):
                    response = await self._http.send(request, stream=True)
                    try:
                        body = await self._body(response)
                    finally:
                        await response.aclose()
            except (TimeoutError, httpx.TimeoutException):
                return self._timed_out(self._timeout)
            except FAILURES as error:
                failure = failure_of(error, self._variable, self._access)
                problem = self._with_quote(failure.problem, failure.quoted)
                return self._missing(failure.absence, problem)
        if body is None:
            return self._unreadable(f"answered more than {self._max_bytes / 1e6:g} MB")
        return self._read(response, body)

    async def _body(self, response: httpx.Response) -> bytes | None:
        """The answer's bytes, or None when they exceed `_max_bytes`."""
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                return None
        return bytes(body)

    def _read(self, response: httpx.Response, body: bytes) -> Answer:
        if response.is_success:
            try:
                answer = _Success.model_validate_json(body)
            except ValidationError:
                return self._unreadable(f"did not answer as {self._api} does", _excerpt(body))
            return Answer(tuple(Sample(one.metric, one.value[1]) for one in answer.data.result))
        status = f"answered HTTP {response.status_code}"
        if response.next_request:
            # Such as a page to sign in; the rest of its URL may hold a secret.
            status += f", a redirect to {response.next_request.url.host}"
        if response.status_code in _DENIED:
            # A text from before any data was read.
            quote = self._quote(_excerpt(body))
            return self._missing(Absence.DENIED, f"{status}: {quote}; see {self._access}_*")
        try:
            failure = _Failure.model_validate_json(body)
        except ValidationError:
            absence = Absence.BAD_ANSWER if response.is_redirect else Absence.SERVER_ERROR
            return self._missing(absence, self._with_quote(status, _excerpt(body)))
        if failure.type == "timeout":
            return self._timed_out(self._timeout)
        return self._missing(Absence.SERVER_ERROR, self._with_quote(status, failure.error))

    def _timed_out(self, seconds: float) -> Answer:
        return self._missing(Absence.TIMED_OUT, f"did not answer within {seconds:.3g} s")

    def _unreadable(self, problem: str, quoted: str = "") -> Answer:
        return self._missing(Absence.BAD_ANSWER, self._with_quote(problem, quoted))

    def _with_quote(self, problem: str, quoted: str) -> str:
        excerpt = self._quote(quoted) if self._quotes_answers else ""
        return f"{problem}: {excerpt}" if excerpt else problem

    def _quote(self, text: str) -> str:
        # Cut last: half a secret is not recognised.
        return redact(self._auth.hide(" ".join(text.split())))[:_DETAIL_LENGTH]

    def _missing(self, absence: Absence, problem: str) -> Answer:
        detail = f"{self._name} {self._shown} {problem}".rstrip(": ")
        return Answer(absence=absence, detail=detail)


def _no_url(variable: str) -> SettingsError:
    # httpx quotes a part, which may be one of a password.
    return SettingsError(f"{variable}: is not a URL; give http://host:port")


def _no_source(answers: Collection[Answer]) -> Answer | None:
    """The last answer, when every one so far is a refusal or a time-out."""
    without = (Absence.REFUSED, Absence.DENIED, Absence.TIMED_OUT)
    failures = [answer for answer in answers if answer.absence in without]
    return failures[-1] if len(failures) == len(answers) else None


def _excerpt(body: bytes) -> str:
    return body[: 10 * _DETAIL_LENGTH].decode(errors="replace")
