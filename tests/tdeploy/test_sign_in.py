"""Whatever is wrong with the sign-in to AWS is one line with the remedy, and never a traceback."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import IO, Any

import pytest

from tests.fakes import aws_preflight, http_server
from tests.fakes.aws_preflight import FakeAws
from tests.fakes.http_server import Response

ROOT = Path(__file__).parents[2]
KEYS = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n"
ROLE = "role_arn = arn:aws:iam::123456789012:role/operator\n"
SSO = "sso_account_id = 123456789012\nsso_role_name = operator\n"
LEGACY = f"{SSO}sso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\n"
SESSION = f"[default]\n{SSO}sso_session = company\n"
COMPANY = (
    "[sso-session company]\nsso_start_url = https://example.awsapps.com/start\n"
    "sso_region = eu-west-1\n"
)
UNREACHABLE = "http://127.0.0.1:9"  # the discard port: refused at once
EXPIRED = {
    "startUrl": "https://example.awsapps.com/start",
    "region": "eu-west-1",
    "accessToken": "token",
    "expiresAt": "2020-01-01T00:00:00Z",
}
RENEWABLE = {
    **EXPIRED,
    "refreshToken": "refresh",
    "clientId": "client",
    "clientSecret": "secret",
    "registrationExpiresAt": "2999-01-01T00:00:00Z",
}
NETWORK = "check the network"
PROCESS = "credential_process"
SSO_LOGIN = "aws sso login"


@dataclass(frozen=True)
class Situation:
    """What is in ~/.aws, in the environment, and in AWS; and the remedy."""

    remedy: str
    config: str = f"[default]\n{KEYS}"
    environment: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The cached tokens by SSO session or start URL."""
    refusal: tuple[str, str] | None = None
    """Code and message of each answer of AWS."""
    by_part: Mapping[str, str] = field(default_factory=dict)
    """The remedy of a part that has another."""


def process(command: str) -> str:
    return f"[default]\ncredential_process = {command}\n"


SITUATIONS = {
    "no credentials": Situation(SSO_LOGIN, config=""),
    "no such profile": Situation("correct AWS_PROFILE", environment={"AWS_PROFILE": "nobody"}),
    "no such default profile": Situation(
        "correct AWS_PROFILE", environment={"AWS_DEFAULT_PROFILE": "nobody"}
    ),
    "damaged file": Situation("syntax of the file", config="[default\nx"),
    "half of a key": Situation(SSO_LOGIN, config="[default]\naws_access_key_id = AKIAEXAMPLE\n"),
    "process fails": Situation(PROCESS, config=process("false")),
    "process is silent": Situation(PROCESS, config=process("true")),
    "process writes text": Situation(PROCESS, config=process("echo Please sign in: now")),
    "process writes a list": Situation(PROCESS, config=process("echo []")),
    "process has another version": Situation(PROCESS, config=process("""echo '{"Version": 9}'""")),
    "process is missing": Situation(PROCESS, config=process("/nowhere/credentials")),
    "process has half a quote": Situation(PROCESS, config=process('echo "')),
    "sso session is missing": Situation("~/.aws/config", config=SESSION),
    "sso session without a token": Situation(SSO_LOGIN, config=SESSION + COMPANY),
    "sso token expired": Situation(
        SSO_LOGIN, config=SESSION + COMPANY, tokens={"company": EXPIRED}
    ),
    "sso token cannot be renewed": Situation(
        SSO_LOGIN, config=SESSION + COMPANY, tokens={"company": RENEWABLE}
    ),
    "sso without a session, token expired": Situation(
        SSO_LOGIN, config=f"[default]\n{LEGACY}", tokens={EXPIRED["startUrl"]: EXPIRED}
    ),
    "aws login": Situation(
        "`aws login` are not supported",
        config="[default]\nlogin_session = arn:aws:iam::123456789012:user/ada\n",
        by_part={"containers": "SSO session"},
    ),
    "role with MFA": Situation(
        "mfa_serial",
        config=f"[default]\n{ROLE}source_profile = keys\nmfa_serial = arn:aws:iam::1:mfa/a\n"
        f"[profile keys]\n{KEYS}",
        by_part={"containers": "SSO session"},
    ),
    "role over a missing profile": Situation(
        "~/.aws/config", config=f"[default]\n{ROLE}source_profile = gone\n"
    ),
    "role over an instance": Situation(
        "~/.aws/config",
        config=f"[default]\n{ROLE}credential_source = Ec2InstanceMetadata\n",
        by_part={"containers": "SSO session"},
    ),
    "role over a failing process": Situation(
        PROCESS,
        config=f"[default]\n{ROLE}source_profile = tool\n[profile tool]\n{PROCESS} = false\n",
        by_part={"containers": "SSO session"},
    ),
    "role over profiles in a circle": Situation(
        "~/.aws/config",
        config=f"[default]\n{ROLE}source_profile = b\n"
        f"[profile b]\n{ROLE}source_profile = default\n",
    ),
    "role that AWS refuses": Situation(
        "the profile's role",
        config=f"[default]\n{ROLE}source_profile = keys\n[profile keys]\n{KEYS}",
        refusal=("AccessDenied", "User is not authorized to perform sts:AssumeRole"),
    ),
    "keys expired": Situation(SSO_LOGIN, refusal=("ExpiredToken", "The token expired")),
    "clock is late": Situation(
        "clock", refusal=("SignatureDoesNotMatch", "Signature expired: now earlier than")
    ),
    "clock is early": Situation(
        "clock", refusal=("InvalidSignatureException", "Signature not yet current")
    ),
    "clock is off": Situation("clock", refusal=("RequestTimeTooSkewed", "too large")),
    "nothing listens": Situation(NETWORK, environment={"AWS_ENDPOINT_URL": UNREACHABLE}),
    "proxy is away": Situation(
        "HTTPS_PROXY",
        environment={"AWS_ENDPOINT_URL": "http://aws.invalid", "HTTP_PROXY": UNREACHABLE},
    ),
    "sso portal is unreachable": Situation(
        NETWORK,
        config=SESSION + COMPANY,
        tokens={"company": {**EXPIRED, "expiresAt": "2999-01-01T00:00:00Z"}},
        environment={"AWS_ENDPOINT_URL": UNREACHABLE},
    ),
}
"""Those that the part `up` refuses."""


@dataclass(frozen=True)
class SignIn:
    """Runs the parts that sign in, each time in a process that has imported nothing else."""

    home: Path
    requests: IO[str]
    answers: IO[str]

    def __call__(self, situation: Situation, url: str) -> dict[str, Any]:
        folder = self.home / ".aws"
        cache = folder / "sso" / "cache"
        cache.mkdir(parents=True)
        try:
            (folder / "config").write_text(situation.config)
            for name, token in situation.tokens.items():
                file = sha1(name.encode(), usedforsecurity=False).hexdigest()
                (cache / f"{file}.json").write_text(json.dumps(token))
            environment = {
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_ENDPOINT_URL": url,
                "AWS_MAX_ATTEMPTS": "1",
                "HOME": str(self.home),
                "PATH": os.environ["PATH"],
                **situation.environment,
            }
            self.requests.write(json.dumps(environment) + "\n")
            self.requests.flush()
            found: dict[str, Any] = json.loads(self.answers.readline())
            return found
        finally:
            shutil.rmtree(folder)


@pytest.fixture(scope="module")
def sign_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignIn]:
    home = tmp_path_factory.mktemp("home")
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.tdeploy.sign_in_process"],
        cwd=ROOT,
        env={**own, "HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin
        assert running.stdout
        yield SignIn(home, running.stdin, running.stdout)
        running.stdin.close()


@contextmanager
def aws(situation: Situation) -> Iterator[FakeAws]:
    with aws_preflight.serving() as served:
        served.refusal = situation.refusal
        served.refusals = {"federation": "UnauthorizedException", "token": "InvalidGrantException"}
        yield served


def check(found: dict[str, Any], situation: Situation) -> None:
    """Every part names the remedy; the command line ends with 2."""
    text = json.dumps(found)
    assert "Traceback" not in text, found
    parts = {
        "up": " ".join(found["up"]),
        "doctor": " ".join(fix for name, state, fix in found["doctor"] if state == "wrong"),
        "kb": found["kb"][1],
        "model": found["model"],
        **{name: " ".join(found[name]) for name in situation.by_part},
    }
    for name, said in parts.items():
        assert situation.by_part.get(name, situation.remedy) in said, (name, found)
        assert "\n" not in said.strip()
    assert found["kb"][0] == 2
    assert len(found["up"]) == 1


@pytest.mark.parametrize("name", SITUATIONS)
def test_each_part_names_the_remedy(sign_in: SignIn, name: str) -> None:
    situation = SITUATIONS[name]
    with aws(situation) as served:
        check(sign_in(situation, served.url), situation)


def test_a_server_without_tls_and_a_page_instead_of_aws(sign_in: SignIn) -> None:
    page = Response("<html>Sign in to the Wi-Fi</html>", headers={"Content-Type": "text/html"})
    with http_server.serving(lambda _: page) as url:
        check(sign_in(Situation(NETWORK), url), Situation(NETWORK))
        tls = Situation("AWS_CA_BUNDLE")
        check(sign_in(tls, url.replace("http:", "https:")), tls)


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_either_variable_chooses_the_profile(sign_in: SignIn, variable: str) -> None:
    situation = Situation(
        "", config=f"{process('false')}[profile work]\n{KEYS}", environment={variable: "work"}
    )
    with aws(situation) as served:
        found = sign_in(situation, served.url)
    assert found["up"] == found["containers"] == []
    assert {state for _, state, _ in found["doctor"]} == {"ok"}


def test_two_profiles_at_once_are_refused(sign_in: SignIn) -> None:
    both = {"AWS_PROFILE": "default", "AWS_DEFAULT_PROFILE": "work"}
    situation = Situation("", config=f"[default]\n{KEYS}[profile work]\n{KEYS}", environment=both)
    with aws(situation) as served:
        (problem,) = sign_in(situation, served.url)["up"]
    assert "AWS_DEFAULT_PROFILE" in problem
