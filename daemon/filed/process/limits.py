"""How many descriptors this process may have."""

import resource


def raise_descriptor_limit() -> None:
    """Allow as many descriptors as the hard limit does.

    The soft limit is kept low for programs that use select(2) (getrlimit(2)); epoll does not care.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def descriptor_limit() -> int:
    """Return how many descriptors this process may have."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
