"""What a Docker engine changes on this machine, and leaves behind when it ends."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_BRIDGE = "docker0"
_SOCKET = Path("/var/run/docker.sock")
_TIME_LIMIT_SECONDS = 30
# Tables that nobody has used yet are not listed, and would not be emptied either.
_UNUSED = {
    "filter": "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n",
    "nat": "*nat\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\nCOMMIT\n",
}


@contextmanager
def left_as_it_was() -> Iterator[None]:
    """Put firewall rules, forwarding and bridges back as they were."""
    forwarding = _FORWARDING.read_text()
    rules = _run("iptables-save")
    had_bridge = Path("/sys/class/net", _BRIDGE).exists()
    had_socket = _SOCKET.exists()
    try:
        yield
    finally:
        unused = (empty for table, empty in _UNUSED.items() if f"*{table}\n" not in rules)
        _run("iptables-restore", given="".join((rules, *unused)))
        _FORWARDING.write_text(forwarding)
        if not had_bridge and Path("/sys/class/net", _BRIDGE).exists():
            _run("ip", "link", "delete", _BRIDGE)
        # A container that wants this socket gets a new folder where there is none.
        if not had_socket and _SOCKET.is_dir():
            _SOCKET.rmdir()


def _run(*command: str, given: str = "") -> str:
    done = subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        timeout=_TIME_LIMIT_SECONDS,
        check=True,
    )
    return done.stdout
