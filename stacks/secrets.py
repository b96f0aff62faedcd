"""Passwords: from the stack's configuration, or made here for what only this machine reaches."""

import pulumi

from stacks import kept, settings


def database_password() -> pulumi.Output[str]:
    """PostgreSQL's password: the secret `database_password`, or one that is kept beside the state.

    The volume that it opens is dropped with the stack, as the state is; nobody else needs it.
    """
    configured = settings.secret("database_password")
    if configured is not None:
        return configured
    return pulumi.Output.secret(kept.secret("database-password"))


def grafana_password() -> pulumi.Output[str]:
    """Grafana's password: the secret `grafana_password`, or admin, as it serves 127.0.0.1 only."""
    return settings.secret("grafana_password") or pulumi.Output.secret("admin")
