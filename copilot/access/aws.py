"""Signatures of AWS (SigV4) for Amazon Managed Service for Prometheus."""

import threading
from collections.abc import Mapping

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError

from copilot.aws_errors import AWS_ERRORS, network_problem, sign_in_problem
from copilot.aws_session import signed_in
from copilot.errors import AccessError

_SERVICE = "aps"


class AwsSignature:
    """Signs with the AWS credentials in force; its methods block, and threads may share it."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._session: boto3.Session | None = None
        self._lock = threading.Lock()

    def headers(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, str]:
        """`headers` with the signature. Raises AccessError without credentials."""
        request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
        try:
            with self._lock:
                if self._session is None:
                    self._session = signed_in(self._region)
                # botocore renews those of a role and of SSO before they expire.
                credentials = self._session.get_credentials()
                if credentials is None:
                    raise NoCredentialsError
                frozen = credentials.get_frozen_credentials()
            SigV4Auth(frozen, _SERVICE, self._region).add_auth(request)
        except (*AWS_ERRORS, OSError) as error:
            problem = sign_in_problem(error) or network_problem(error) or str(error)
            raise AccessError(" ".join(problem.split())) from error
        return dict(request.headers.items())

    def sign_in_again(self) -> None:
        """Read the credentials again for the next request: AWS refused these."""
        with self._lock:
            self._session = None
