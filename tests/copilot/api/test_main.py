"""Start and stop of `python -m copilot.api`."""

import asyncio
import signal
import socket

import httpx
import pytest

from copilot.process import listening_socket
from tests.copilot.api.serving import LIMIT_SECONDS, api_process, serving


def one_error_line(log: str) -> str:
    (line,) = log.splitlines()
    assert line.startswith("error: ")
    return line


def test_taken_port_is_one_error_line_and_exit_code_2(database_url: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        with api_process(database_url, COPILOT_API_PORT=port) as process:
            assert process.wait() == 2
            assert f"127.0.0.1:{port}" in one_error_line(process.log)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COPILOT_API_PORT", "http"),
        ("COPILOT_CYCLE_SECONDS", "0"),
        ("COPILOT_API_PROT", "8081"),
        ("COPILOT_DATABASE_URL", "not a url"),
    ],
)
def test_invalid_setting_is_one_error_line_and_exit_code_2(
    database_url: str, variable: str, value: str
) -> None:
    with api_process(database_url, **{variable: value}) as process:
        assert process.wait() == 2
        assert variable in one_error_line(process.log)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_a_client_connected(database_url: str, how: signal.Signals) -> None:
    with (
        serving(database_url) as process,
        httpx.Client(base_url=process.url, timeout=LIMIT_SECONDS) as client,
    ):
        assert client.get("/healthz").status_code == 200
        assert process.stop(how) == 0
        assert "Traceback" not in process.log


async def test_connections_have_no_delay() -> None:
    """asyncio sets TCP_NODELAY only on sockets that name their protocol."""
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        accepted.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listening_socket("127.0.0.1", 0)
    async with await asyncio.start_server(serve, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await asyncio.wait_for(accepted, LIMIT_SECONDS) != 0
        writer.close()
        await writer.wait_closed()
