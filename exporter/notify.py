"""What the service manager is told, where one asks for it: systemd, with ``Type=notify``."""

import logging
import os
import socket

log = logging.getLogger(__name__)

READY = "READY=1"
STOPPING = "STOPPING=1"


def tell(state: str) -> None:
    """Send a state to the socket that ``NOTIFY_SOCKET`` names; without one, do nothing.

    The form is that of sd_notify(3): a datagram to a path, or to an abstract name behind an ``@``. What
    cannot be told is logged and no more: the exporter works all the same.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.connect(address)
            manager.send(state.encode())
    except OSError as exc:
        log.warning("the service manager was not told %s: %s", state, exc)
