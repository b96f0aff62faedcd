"""Which task queues are a user's, by their names."""

import re

# Ends of names that a process makes for itself: a UUID with or without hyphens.
_UNIQUE = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")


def is_lasting_user_queue(name: str) -> bool:
    """False for the server's own queues, its partitions, and those of one worker process.

    A sticky queue (`host:uuid`) or one of a single host lives as long as its process: that nobody
    polls it says nothing.
    """
    internal = name.startswith(("temporal-sys-", "/_sys/", "__"))
    return bool(name) and not internal and not _UNIQUE.search(name)
