"""The ports of one product on this machine, taken together before anything starts.

A server listens on its port only after seconds of preparing. Until then another product on a neighbouring port would
find it free, and one of the two would end when both are ready. So each product holds a name for every port it will
use, which Linux frees when the process ends, in whatever way.
"""

import socket

_SEARCHED = 40  # pairs of ports, for a proposal


class PortTaken(Exception):
    """A port that another program uses, or that another product is about to use; `str()` is the number."""


def reserve(ports: list[int]) -> list[socket.socket]:
    """Hold all `ports` or none; return what holds them, to be kept. Raises PortTaken for the first that is not free."""
    held: list[socket.socket] = []
    for port in ports:
        name = socket.socket(socket.AF_UNIX)
        held.append(name)
        try:
            name.bind(f"\0zorgrekening.port.{port}")
        except OSError:
            taken = True
        else:
            taken = not is_free(port)
        if taken:
            for each in held:
                each.close()
            raise PortTaken(str(port))
    return held


def is_free(port: int) -> bool:
    """Return whether a server can listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_after(port: int) -> int:
    """Return a port above `port` that is free now together with the next, to propose it to a person."""
    for candidate in range(port + 10, min(port + 10 * _SEARCHED, 65_000), 10):
        try:
            held = reserve([candidate, candidate + 1])
        except PortTaken:
            continue
        for each in held:
            each.close()
        return candidate
    return 8000
