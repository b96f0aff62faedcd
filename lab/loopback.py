"""HTTP to the lab's own processes."""

import ssl

import httpx

# Without the user's HTTP proxy, without certificates (nothing here uses TLS, and reading them takes
# time), and without kept connections, which would outlive a killed process.
CLIENT = httpx.Client(
    trust_env=False,
    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    limits=httpx.Limits(max_keepalive_connections=0),
)


def succeeds(url: str, seconds: float = 10) -> bool:
    """Return whether a GET of `url` succeeds within `seconds`."""
    try:
        return CLIENT.get(url, timeout=seconds).is_success
    except httpx.TransportError:
        return False
