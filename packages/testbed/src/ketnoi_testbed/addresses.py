"""Loopback addresses of one world: a network of its own, so that several worlds run side by side on one machine."""

from __future__ import annotations

import os
import socket

FIRST_PORT = 8888
_NETWORKS = 180 * 250


class Addresses:
    """Hands out 127.A.B.1, 127.A.B.2 and so on. A listening socket on the first one keeps the network ours."""

    def __init__(self) -> None:
        """Take a network that no other world has. Raises OSError when all are taken."""
        for attempt in range(200):
            # By process number, so that two worlds that start at one moment do not race for one network.
            first, second = divmod((os.getpid() * 7 + attempt) % _NETWORKS, 250)
            network = f"127.{60 + first}.{1 + second}"
            claim = socket.socket()
            try:
                claim.bind((f"{network}.254", FIRST_PORT))
                claim.listen(1)
            except OSError:
                claim.close()
                continue
            self._claim = claim
            self.network = network
            self._next = 1
            return
        raise OSError("no loopback network is free for a world")

    def next(self) -> str:
        """The next address."""
        address = f"{self.network}.{self._next}"
        self._next += 1
        return address

    def release(self) -> None:
        """Let another world have the network."""
        self._claim.close()
