"""Names of ours in texts that leave the house: each gets a pseudonym, the same one every time. Pure.

A pseudonym is a kind, a number and a tag of the cluster, `node1-7c2e`: so one that comes back in a letter or a
diagnosis is found again, whatever is written around it, and is never taken for one of another cluster.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from fatecloud.model.endpoint import is_address

_PUBLIC = frozenset({"", "127.0.0.1", "0.0.0.0", "::1", "::", "localhost", "root"})  # noqa: S104 - words of everyone
"""What every machine has under the same name."""
_SOFTWARE = re.compile(r"(?:java|javax|jdk|io\.grpc|io\.netty|com\.webank|org|pymysql|sqlalchemy)\.")
"""Beginnings of names of classes, which look like names of hosts and are in everyone's software."""
_FILES = frozenset(
    {"conf", "jar", "json", "log", "pid", "properties", "py", "sh", "so", "sql", "txt", "xml", "yaml", "yml"}
)
"""Endings of files, likewise."""
_LABEL = r"[A-Za-z0-9](?:[\w-]*[A-Za-z0-9])?"
_UNKNOWN = (
    ("url", r"\b[a-z][a-z0-9+.-]{1,15}://[^\s'\"<>]+"),
    ("user", r"(?<![\w.+-])[\w.+-]+@(?=[A-Za-z0-9-]+\.)"),
    ("quoted", r"(?<=user ')[^']+(?=')"),
    ("address", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)"),
    ("six", r"(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])"),
    ("path", r"(?<![\w/])/[^\s'\"<>()\[\]{},;:|]+"),
    ("host", rf"(?<![\w.-]){_LABEL}(?:\.{_LABEL})*\.[A-Za-z]{{2,}}(?![\w-])"),
)
"""Kind -> what a name of it looks like, where no inventory has it. Applied from the first to the last."""
_DOMAIN = rf"(?:(?:\.{_LABEL})*\.[A-Za-z]{{2,}}(?![\w-]))?"
"""Behind a known name: it is as private as the name itself."""
_PLACE = re.compile(
    r"(?:(?P<account>[^/]*)@)?(?P<host>\[[^\]/]*\]|[^:/?#,;)\]]*)(?P<port>:\d+)?(?P<lead>[/?#]?)(?P<rest>.*)", re.DOTALL
)
"""Of a URL, without its scheme."""


class Pseudonyms:
    """A cluster's pseudonyms.

    Args:
        tag: of the cluster, four hexadecimal digits.
        names: pseudonym -> name, of all that were ever given.
    """

    def __init__(self, tag: str, names: Mapping[str, str]) -> None:
        self.tag = tag
        self.names: dict[str, str] = dict(names)
        self._given = {name: pseudonym for pseudonym, name in names.items()}
        self._known: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def know(self, names: Iterable[tuple[str, str]]) -> None:
        """Names to look for in texts, each with its kind, such as `node`. Of two kinds the first one counts."""
        for kind, name in names:
            if name not in _PUBLIC:
                self._known.setdefault(name, kind)
        self._pattern = None

    def same(self, pseudonym: str, name: str) -> None:
        """Give a name a pseudonym that both sides can derive, such as `proxy-of-10000`."""
        # One place may be the endpoint of several kinds: the first one names it.
        if name not in _PUBLIC and "-of-" not in self._given.get(name, ""):
            self.names[pseudonym] = name
            self._given[name] = pseudonym
            self.know([("host", name)])

    def of(self, kind: str, name: str) -> str:
        """The pseudonym of a name. Names of everyone, such as 127.0.0.1, stay."""
        if name in _PUBLIC:
            return name
        if name not in self._given:
            number = sum(one.startswith(kind) and one[len(kind)].isdigit() for one in self.names) + 1
            pseudonym = f"{kind}{number}-{self.tag}"
            self.names[pseudonym] = name
            self._given[name] = pseudonym
        return self._given[name]

    def text(self, text: str) -> str:
        """The text with pseudonyms in the place of all that is known or looks like a name of ours."""
        if self._pattern is None:
            self._pattern = self._compiled()
        return self._pattern.sub(self._replaced, text)

    def restored(self, text: str) -> str:
        """The text with the names in the place of the cluster's pseudonyms; others stay."""
        if not self.names:
            return text
        words = "|".join(re.escape(one) for one in sorted(self.names, key=len, reverse=True))
        return re.sub(rf"(?<![\w-])(?:{words})(?![\w]|-\w)", lambda found: self.names[found[0]], text)

    def _compiled(self) -> re.Pattern[str]:
        longest = sorted(self._known, key=len, reverse=True)
        # Case says nothing in names of machines; an account may be called like a software that is written in capitals.
        exact = [re.escape(one) for one in longest if self._known[one] == "user"]
        folded = [re.escape(one) for one in longest if self._known[one] != "user"]
        known = [*([f"(?i:{'|'.join(folded)})"] if folded else []), *exact]
        groups = [f"(?P<known>(?<![^\\W_])(?:{'|'.join(known)})(?![^\\W_]){_DOMAIN})"] if known else []
        return re.compile("|".join([*groups, *(f"(?P<{kind}>{pattern})" for kind, pattern in _UNKNOWN)]))

    def _replaced(self, found: re.Match[str]) -> str:
        kind, word = str(found.lastgroup), found[0]
        if kind == "known":
            return self._of_known(word)
        if kind == "url":
            return self._url(word)
        if kind == "user":
            return self.of("user", word[:-1]) + "@"
        if kind == "host" and (_SOFTWARE.match(word) or word.rpartition(".")[2] in _FILES):
            return word
        if kind in ("address", "six"):
            return self.of("address", word) if is_address(word) else word
        return self.of("user" if kind == "quoted" else kind, word)

    def _url(self, word: str) -> str:
        scheme, _, place = word.partition("://")
        parts = _PLACE.fullmatch(place)
        if parts is None:
            return f"{scheme}://{self.of('path', place)}"
        account, host, port, lead, rest = parts.groups("")
        at = f"{self.of('user', account)}@" if account else ""
        bare = host.strip("[]").rstrip(".")
        shown = host.replace(bare, self.of(self._kind(bare) or ("address" if is_address(bare) else "host"), bare))
        # The text behind the place begins with a mark, which keeps two pseudonyms apart.
        end = self.of("path", rest) if lead else rest[:1] + self.text(rest[1:])
        return f"{scheme}://{at}{shown}{port}{lead}{end}"

    def _of_known(self, word: str) -> str:
        if kind := self._kind(word):
            return self.of(kind, word)
        front, dot, end = word.rpartition(".")
        return f"{self.text(front)}{dot}{end}" if end in _FILES else self.of("host", word)

    def _kind(self, word: str) -> str:
        """Of a name that is known; empty for others. Case says nothing."""
        return self._known.get(word) or next((k for one, k in self._known.items() if one.lower() == word.lower()), "")
