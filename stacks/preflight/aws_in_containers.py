"""Whether containers, which have ~/.aws and no terminal, can use the caller's credentials."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import botocore.session
from botocore.exceptions import BotoCoreError

from copilot.aws_errors import SIGN_IN
from copilot.aws_session import profiles_in_use

# Variables that containers do not have, with the file in ~/.aws that containers read.
_OTHER_FILES = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
_SOURCES = {
    "Ec2InstanceMetadata": "an instance role",
    "EcsContainer": "a container role",
    "Environment": "the environment",
}
# In botocore's order: a profile with several uses the first. "" is within reach.
_KEYS = {
    "web_identity_token_file": "a web identity",
    "sso_session": "",
    "sso_start_url": "",
    "aws_access_key_id": "",
    "login_session": "`aws login`",
    "credential_process": "a credential_process",
}
# botocore's names of sources beside the profiles.
_WITHOUT_PROFILE = {
    "assume-role-with-web-identity": "a web identity",
    "container-role": "a container role",
    "env": "the environment",
    "iam-role": "an instance role",
}


def container_problems() -> Iterator[str]:
    """Why containers cannot use the credentials. Wrong credentials are no problem here."""
    folder = Path.home() / ".aws"
    for variable, name in _OTHER_FILES.items():
        chosen = Path(os.environ.get(variable) or folder / name).expanduser()
        if chosen.resolve() != (folder / name).resolve():
            yield (
                f"{variable} names {chosen}, and containers read {folder / name}: move it there and"
                " unset the variable"
            )
    try:
        origin = _out_of_reach(botocore.session.get_session())
    except BotoCoreError:
        return
    if origin:
        yield (
            f"the AWS credentials come from {origin}, where containers cannot use them:"
            f" choose a profile with an SSO session, or with keys in {folder}, by AWS_PROFILE"
        )
    elif not folder.is_dir():
        yield f"containers read their AWS credentials from {folder}, which is missing: {SIGN_IN}"


def _out_of_reach(core: botocore.session.Session) -> str:
    """Where the credentials come from; "" within reach. Raises BotoCoreError."""
    # botocore takes them even where a profile is chosen.
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return "the environment"
    sections = list(profiles_in_use(core))
    for section in sections:
        if origin := _origin(section):
            return origin
    if any(_KEYS.keys() & section.keys() for section in sections):
        return ""
    credentials = core.get_credentials()
    return _WITHOUT_PROFILE.get(credentials.method, "") if credentials else ""


def _origin(section: Mapping[str, str]) -> str:
    """What in one profile is out of reach; "" for nothing."""
    if "role_arn" in section and "web_identity_token_file" not in section:
        if "mfa_serial" in section:
            return "a role with MFA, whose code needs a terminal"
        source = section.get("credential_source")
        return _SOURCES.get(source, source) if source else ""
    return next((origin for key, origin in _KEYS.items() if key in section), "")
