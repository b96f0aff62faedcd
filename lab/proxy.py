"""Toxiproxy in front of the monitored cluster's database."""

import json
from http import HTTPStatus
from pathlib import Path

import httpx

from lab.errors import LabError
from lab.loopback import CLIENT, succeeds
from lab.ports import HOST

_PROXY = "database"
_LATENCY = "latency"
_REQUEST_SECONDS = 10


class DatabaseProxy:
    """The one proxy of a lab, steered through Toxiproxy's API."""

    def __init__(self, api_port: int) -> None:
        self._api = f"http://{HOST}:{api_port}"

    @staticmethod
    def write_config(path: Path, listen: int, upstream: int) -> None:
        """Write what Toxiproxy makes at its start: one proxy without any fault."""
        proxy = {
            "name": _PROXY,
            "listen": f"{HOST}:{listen}",
            "upstream": f"{HOST}:{upstream}",
            "enabled": True,
        }
        path.write_text(json.dumps([proxy]))

    def is_ready(self) -> bool:
        return succeeds(f"{self._api}/proxies/{_PROXY}")

    def connect(self, connected: bool) -> None:
        """Let connections through, or cut all of them and refuse new ones."""
        self._request("PATCH", f"/proxies/{_PROXY}", {"enabled": connected})

    def delay(self, milliseconds: int) -> None:
        """Add this to every answer of the database; 0 takes the delay away."""
        # Deleting first makes it idempotent: a toxic of the name may or may not be there.
        self._request("DELETE", f"/proxies/{_PROXY}/toxics/{_LATENCY}", missing_is_fine=True)
        if milliseconds:
            self._request(
                "POST",
                f"/proxies/{_PROXY}/toxics",
                {
                    "name": _LATENCY,
                    "type": "latency",
                    "stream": "downstream",
                    "attributes": {"latency": milliseconds},
                },
            )

    def _request(
        self,
        method: str,
        path: str,
        body: dict[str, object] | None = None,
        *,
        missing_is_fine: bool = False,
    ) -> None:
        try:
            answer = CLIENT.request(method, self._api + path, json=body, timeout=_REQUEST_SECONDS)
        except httpx.TransportError as error:
            raise LabError(
                f"Toxiproxy at {self._api} does not answer ({error}): is the lab up?"
            ) from error
        if not answer.is_success and not (
            missing_is_fine and answer.status_code == HTTPStatus.NOT_FOUND
        ):
            raise LabError(f"Toxiproxy refused {method} {path}: {answer.text.strip()}")
