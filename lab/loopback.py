"""HTTP to the lab's own processes."""

import ssl

import httpx

# No proxy of the user's environment may stand between, nothing here speaks TLS (the empty context
# saves reading every certificate), and a kept connection would outlive a killed process.
CLIENT = httpx.Client(
    trust_env=False,
    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    limits=httpx.Limits(max_keepalive_connections=0),
)


def succeeds(url: str, seconds: float = 2) -> bool:
    """Whether a GET of `url` answers well within `seconds`."""
    try:
        return CLIENT.get(url, timeout=seconds).is_success
    except httpx.TransportError:
        return False
