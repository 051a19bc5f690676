"""How many files, and so sockets, this process and those it starts may have open."""

#: Files that are open besides the sockets.
_OTHERS = 256


def room_for(sockets: int) -> int:
    """How many of so many sockets there is room for, once the limit is raised as far as it may be."""
    try:
        import resource
    except ImportError:
        # No limit of this kind where there is no such module.
        return sockets
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sockets + _OTHERS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return sockets if soft == resource.RLIM_INFINITY else min(sockets, soft - _OTHERS)
