"""Files of a smoke test on the nodes of its parties."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from fatecloud.errors import ProofFailed
from fatecloud.model.desired import DesiredService
from fatecloud.model.jobs import Run

_SECONDS = 60.0


class ProofFiles:
    """See `proof_traces.NodeFiles`.

    Args:
        services: party -> its flow.
        run: runs commands as such a service's user. The directories are the service's, which could put a link where
            root would write: root does not.
    """

    def __init__(self, services: Mapping[str, DesiredService], run: Callable[[DesiredService], Run]) -> None:
        self._services = services
        self._run = run

    def put(self, party: str, name: str, data: bytes) -> str:
        """Write a new file that the party's flow can read, and return its path."""
        path = f"{self._services[party].facts['upload_directory']}/{name}"
        # noclobber refuses a file, or a link to one, that is there already.
        self._do(party, ("sh", "-c", f"umask 077 && set -C && cat >{shlex.quote(path)}"), data)
        return path

    def discard(self, party: str, path: str) -> None:
        """Remove a file that `put` wrote."""
        self._do(party, ("rm", "-f", "--", path))

    def discard_job(self, party: str, job: str) -> None:
        """Remove what flow keeps of a job on its disk. Raises ProofFailed unless it is an id: it is part of a path."""
        # It comes from flow's answer, and the shell below expands patterns around it.
        if not job.isdigit():
            raise ProofFailed(f"not a job id: {job!r}")
        patterns = " ".join(pattern.format(job=job) for pattern in self._services[party].facts["job_traces"])
        self._do(party, ("sh", "-c", f"rm -rf -- {patterns}"))

    def _do(self, party: str, argv: tuple[str, ...], data: bytes = b"") -> None:
        self._run(self._services[party])(argv, data, _SECONDS)
