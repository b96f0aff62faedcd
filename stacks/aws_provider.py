"""The AWS provider of a stack: one region, and tags on all resources."""

import pulumi
from pulumi_aws.get_caller_identity import get_caller_identity_output
from pulumi_aws.provider import Provider


def provider(region: str, project_name: str, lifecycle: str) -> Provider:
    """The provider of all AWS resources of a stack."""
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
    """The number of the credentials' account."""
    identity = get_caller_identity_output(opts=pulumi.InvokeOutputOptions(provider=aws))
    return identity.apply(lambda known: known.account_id)
