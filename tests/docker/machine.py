"""What a Docker engine changes on this machine outside its own namespaces.

The tests have their own addresses and bridges, whose packets are accepted before any rule that
another engine left, so that a run does not depend on what ran here before.
"""

import fcntl
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BRIDGE = "sre-tests"
NETWORKS = "base=198.18.128.0/17,size=24"
"""The engine's pool for networks."""
# RFC 2544 reserves them for tests of devices: no network of a machine has them.
_ADDRESSES = "198.18.0.0/16"
_BRIDGE_ADDRESS = "198.18.0.1/24"
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
# Both interfaces of the kernel may hold rules, and a packet passes both.
_FIREWALLS = ("iptables-legacy", "iptables-nft")
# A table without rules is not in a saved text, so that the engine's rules would stay in it.
_WITHOUT_RULES = {
    "filter": "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n",
    "nat": "*nat\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\nCOMMIT\n",
}
_ACCEPTED = (("INPUT", "-s"), ("OUTPUT", "-d"), ("FORWARD", "-s"), ("FORWARD", "-d"))
_SOCKET = Path("/run/docker.sock")
_LOCK = Path("/run/lock/temporal-sre-copilot-docker-tests")
_NEEDED = ("debootstrap", "dockerd", "ip", "iptables-save", "setpriv", "unshare")
_TIME_LIMIT_SECONDS = 180


class NotHereError(Exception):
    """This machine cannot run the Docker tests; the message names what it lacks."""


def what_is_missing() -> str | None:
    """Why the tests cannot run here, or None when they can."""
    if os.geteuid() != 0:
        return "needs root, to start a Docker engine of its own"
    if missing := [name for name in _NEEDED if not shutil.which(name)]:
        return (
            f"needs {', '.join(missing)}: apt-get install docker.io iptables iproute2 debootstrap"
        )
    # A second engine would remove the firewall rules of the first. A dead one's socket is harmless.
    if listens(_SOCKET):
        return (
            "needs a machine without a running Docker engine, beside which it would start its own"
        )
    return None


def listens(path: Path) -> bool:
    """Whether a server accepts connections at this socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


@contextmanager
def prepared() -> Iterator[None]:
    """Let containers of `BRIDGE` and `NETWORKS` communicate; put everything back at the end.

    Waits for the end of another run, which has the same addresses.
    """
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with _changed():
            yield


@contextmanager
def _changed() -> Iterator[None]:
    _remove_bridges()  # of a run that was killed
    forwarding = _FORWARDING.read_text()
    rules = {name: _run(f"{name}-save") for name in _FIREWALLS if shutil.which(name)}
    had_socket = _SOCKET.exists()
    try:
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "address", "add", _BRIDGE_ADDRESS, "dev", BRIDGE)
        _run("ip", "link", "set", BRIDGE, "up")
        for name in (name for name, saved in rules.items() if "*filter\n" in saved):
            for chain, direction in _ACCEPTED:
                _run(name, "--insert", chain, direction, _ADDRESSES, "--jump", "ACCEPT")
        yield
    finally:
        for name, saved in rules.items():
            # Restoring nothing would create the tables of an interface that is not in use.
            if saved or _run(f"{name}-save"):
                unused = (
                    text for table, text in _WITHOUT_RULES.items() if f"*{table}\n" not in saved
                )
                _run(f"{name}-restore", given="".join((saved, *unused)))
        _FORWARDING.write_text(forwarding)
        _remove_bridges()
        # A container that mounts this socket gets a new folder where there is none.
        if not had_socket and _SOCKET.is_dir():
            _SOCKET.rmdir()


def _remove_bridges() -> None:
    """Remove every interface that has one of the tests' addresses, and the bridge without one."""
    listed = _run("ip", "-oneline", "address", "show", "to", _ADDRESSES).splitlines()
    names = {line.split()[1] for line in listed}
    if Path("/sys/class/net", BRIDGE).exists():
        names.add(BRIDGE)
    for name in names:
        _run("ip", "link", "delete", name)


def _run(*command: str, given: str = "") -> str:
    done = subprocess.run(
        command,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIME_LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}"
    return done.stdout
