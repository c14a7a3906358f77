"""Which records of a log are shown: sieved, and the newest of them within bounds."""

import hashlib
import json
import re
from typing import Dict, List

from .records import LEVELS, Record, Spec, shortened


class Sieve(object):
    """Decides which records are shown."""

    def __init__(self, spec: Spec) -> None:
        self._since = spec.get("since")
        self._floor = LEVELS.index(spec["level"]) if spec.get("level") else 0
        self._grep = re.compile(spec["grep"], re.MULTILINE) if spec.get("grep") else None
        self._noise = [re.compile(pattern) for pattern in spec.get("noise", ())]

    def takes(self, record: Record) -> bool:
        """Whether a record passes time, level, pattern and noise."""
        if self._since is not None and record["time"] < self._since:
            return False
        if LEVELS.index(record["level"] or "info") < self._floor:
            return False
        text = "\n".join(record["lines"])
        if self._grep and not self._grep.search(text):
            return False
        return not any(noise.search(record["lines"][0]) for noise in self._noise)


class Kept(object):
    """The latest records, bounded in number and bytes, each text of one moment once; counts what it leaves out.

    A service may write one record to several files.
    """

    def __init__(self, count: int, size: int) -> None:
        self.records: List[Record] = []
        self.by_count = 0
        self.by_size = 0
        self._count, self._size = count, size
        self._sizes: Dict[bytes, int] = {}

    def add(self, more: List[Record]) -> None:
        """Take more records, and drop the oldest that are too many or too much."""
        # Most of a large file can be dropped before it costs much; some entries are written twice.
        # Twice as many as are kept, because an entry that was written to two files counts once.
        spare = max(0, len(more) - 2 * self._count)
        self.by_count += spare
        for record in sorted(more, key=lambda record: record["time"])[spare:]:
            text = "%r%s" % (record["time"], "\n".join(record["lines"]))
            mark = hashlib.sha256(text.encode("utf-8", "replace")).digest()
            if mark not in self._sizes:
                short = shortened(record)
                self._sizes[mark] = len(json.dumps(short))
                self.records.append(dict(short, mark=mark))
        self.records.sort(key=lambda record: record["time"])
        first = max(0, len(self.records) - self._count)
        self.by_count += first
        size = 0
        for place in range(len(self.records) - 1, first - 1, -1):
            size += self._sizes[self.records[place]["mark"]]
            if size > self._size:
                self.by_size += place + 1 - first
                first = place + 1
                break
        del self.records[:first]

    def answer(self) -> List[Record]:
        """The records, as they travel."""
        return [{name: record[name] for name in ("time", "level", "file", "lines")} for record in self.records]
