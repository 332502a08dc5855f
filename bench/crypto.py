"""The bare cost of one sign and one verify by `cryptography`, P-256 with SHA-512: what a server cannot do without."""

from __future__ import annotations

import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

MESSAGE = bytes(970)


class SignAndVerify:
    """A side: each operation is one signature made and one verified."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._public = self._key.public_key()
        self._algorithm = ec.ECDSA(hashes.SHA512())
        self.cpu = 0.0
        self.count = 0

    def run(self, seconds: float) -> list[float]:
        """Work for `seconds`; the latencies are wall times, `cpu` and `count` add up over all turns."""
        latencies = []
        until = time.perf_counter() + seconds
        started = time.process_time()
        while (begun := time.perf_counter()) < until:
            self._public.verify(self._key.sign(MESSAGE, self._algorithm), MESSAGE, self._algorithm)
            latencies.append(time.perf_counter() - begun)
        self.cpu += time.process_time() - started
        self.count += len(latencies)
        return latencies

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds for one sign and one verify."""
        return self.cpu / self.count
