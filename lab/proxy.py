"""Toxiproxy in front of the monitored cluster's databases."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import httpx

from lab.errors import LabError
from lab.loopback import CLIENT, succeeds
from lab.ports import HOST

DATABASE = "database"
VISIBILITY = "visibility"
_LATENCY = "latency"
_REQUEST_SECONDS = 60


class DatabaseProxy:
    """A proxy of a lab, controlled by Toxiproxy's API: `DATABASE` or `VISIBILITY`."""

    def __init__(self, api_port: int, name: str = DATABASE) -> None:
        self._api = f"http://{HOST}:{api_port}"
        self._name = name

    @staticmethod
    def write_config(path: Path, listen: Mapping[str, int], upstream: int) -> None:
        """Write Toxiproxy's configuration: proxies by name, without a fault."""
        proxies = [
            {
                "name": name,
                "listen": f"{HOST}:{port}",
                "upstream": f"{HOST}:{upstream}",
                "enabled": True,
            }
            for name, port in listen.items()
        ]
        path.write_text(json.dumps(proxies))

    def is_ready(self) -> bool:
        return succeeds(f"{self._api}/proxies/{self._name}")

    def connect(self, connected: bool) -> None:
        """Pass connections, or cut all of them and refuse new ones."""
        self._request("PATCH", f"/proxies/{self._name}", {"enabled": connected})

    def delay(self, milliseconds: int) -> None:
        """Delay every response of the database; 0 removes the delay."""
        # Toxiproxy refuses a second toxic with the same name.
        self._request("DELETE", f"/proxies/{self._name}/toxics/{_LATENCY}", allow_missing=True)
        if milliseconds:
            self._request(
                "POST",
                f"/proxies/{self._name}/toxics",
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
        allow_missing: bool = False,
    ) -> None:
        try:
            response = CLIENT.request(method, self._api + path, json=body, timeout=_REQUEST_SECONDS)
        except httpx.TransportError as error:
            raise LabError(
                f"Toxiproxy at {self._api} does not answer ({error}): is the lab up?"
            ) from error
        if not response.is_success and not (
            allow_missing and response.status_code == HTTPStatus.NOT_FOUND
        ):
            raise LabError(f"Toxiproxy refused {method} {path}: {response.text.strip()}")
