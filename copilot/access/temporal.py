"""The connection to the monitored cluster's frontend, with credentials that may change."""

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.service import TLSConfig

from copilot.access.files import TlsFiles, check_tls, read_headers, read_token
from copilot.access.settings import TemporalAccess


class MonitoredTemporal:
    """Its client is lazy: a frontend that is down must not delay the worker's start."""

    def __init__(self, address: str, access: TemporalAccess | None = None) -> None:
        self._address = address
        self._access = access or TemporalAccess()
        self._client: Client | None = None
        self._files: TlsFiles | None = None
        self._connected: TlsFiles | None = None

    async def client(self) -> Client:
        """The client with the files as they are now; ask for it before each use.

        Renewed tokens and headers go into the same client. A renewed certificate needs a new one.
        Raises AccessError where a file cannot be read or used.
        """
        files = TlsFiles.read(self._access)
        client = self._client
        if client is None or files != self._files:
            client = await self._open(files, "default", DataConverter.default, lazy=True)
            self._client, self._files = client, files
        self.renew(client)
        return client

    async def connect(self, namespace: str, data_converter: DataConverter) -> Client:
        """A client of its own, connected, as a worker needs it; see `renew`.

        Raises AccessError as `client` does, and RuntimeError without a connection.
        """
        files = TlsFiles.read(self._access)
        client = await self._open(files, namespace, data_converter, lazy=False)
        self._connected = files
        return client

    def has_new_certificates(self) -> bool:
        """Whether the files changed since the last `connect`. Raises AccessError."""
        return TlsFiles.read(self._access) != self._connected

    def renew(self, client: Client) -> None:
        """Give the client the tokens and headers as they are now. Raises AccessError."""
        api_key, headers = self._api_key(), read_headers(self._access)
        if client.api_key != api_key:
            client.api_key = api_key
        if client.rpc_metadata != headers:
            client.rpc_metadata = headers

    async def _open(
        self, files: TlsFiles, namespace: str, data_converter: DataConverter, *, lazy: bool
    ) -> Client:
        check_tls(self._access)
        return await Client.connect(
            self._address,
            namespace=namespace,
            data_converter=data_converter,
            lazy=lazy,
            tls=self._tls(files),
            api_key=self._api_key(),
            rpc_metadata=read_headers(self._access),
        )

    def _api_key(self) -> str | None:
        # A client without a key sends "authorization" of its metadata.
        return read_token(self._access.api_key, self._access.api_key_file) or None

    def _tls(self, files: TlsFiles) -> TLSConfig | bool:
        if not self._access.has_tls:
            return False
        return TLSConfig(
            server_root_ca_cert=files.ca,
            domain=self._access.server_name or None,
            client_cert=files.certificate,
            client_private_key=files.key,
        )
