"""AWS as the stacks use it: one region, and tags on everything."""

import pulumi
from pulumi_aws.get_caller_identity import get_caller_identity_output
from pulumi_aws.provider import Provider


def provider(region: str, project_name: str, lifecycle: str) -> Provider:
    """The provider of every AWS resource of a stack."""
    return Provider(
        "aws",
        region=region,
        default_tags={
            "tags": {
                "Environment": "development",
                "Lifecycle": lifecycle,
                "ManagedBy": "pulumi",
                "Project": project_name,
            }
        },
    )


def account_id(aws: Provider) -> pulumi.Output[str]:
    """Number of the account that the credentials are for."""
    identity = get_caller_identity_output(opts=pulumi.InvokeOutputOptions(provider=aws))
    return identity.apply(lambda known: known.account_id)
