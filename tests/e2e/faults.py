"""One party's node, as faults and plants on it need it, and scripts on it by the names that `faults.yml` uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from two_parties import PARTIES

from fatecloud.model.accounts import own_name
from fatecloud.model.identity import ServiceId
from fatecloud.sandbox.nodes import Sandbox

WORDS = Path(__file__).with_name("faults.sh")
SHELL_SECONDS = 400.0
"""How long a script may take: one that waits until a start of ours is long enough ago sleeps for five minutes."""


@dataclass(frozen=True)
class Site:
    """One party's node, and the names that fatecloud gives to what it put there."""

    sandbox: Sandbox
    cluster: str
    node: str
    party: str
    base: str
    parties: Mapping[str, str] = field(default_factory=lambda: PARTIES)
    """All nodes and their parties."""

    def home(self, component: str) -> str:
        return f"{self.base}/{self.cluster}-{self.party}-{component}"

    def unit(self, component: str) -> str:
        return f"fatecloud-{self.cluster}-{self.party}-{component}.service"

    def as_user(self, component: str) -> str:
        """What begins a command line that a service's user runs."""
        return f"runuser -u {own_name(ServiceId(self.cluster, self.party, component, self.node))} --"

    def pid(self, component: str) -> str:
        return self.shell(f"systemctl show -P MainPID {self.unit(component)}").strip()

    def shell(self, script: str) -> str:
        return self.sandbox.check(self.node, ["sh", "-ec", script], timeout=SHELL_SECONDS)

    def sql(self, statement: str) -> str:
        """What a statement prints: a line for each row."""
        socket = f"{self.home('mysql')}/run/mysqld.sock"
        options = f"--no-defaults --socket={socket} --batch --raw --skip-column-names"
        return self.shell(f'{self.as_user("mysql")} mariadb {options} <<"END"\n{statement}\nEND')

    @property
    def other(self) -> str:
        """Address of the other party's first node."""
        return next(self.sandbox.addresses[node] for node, party in self.parties.items() if party != self.party)

    def broker(self, words: str) -> None:
        self.shell(f"{self.as_user('rabbitmq')} {self.home('rabbitmq')}/bin/rabbitmqctl {words}")

    def script(self, line: str, components: Iterable[str]) -> str:
        """A line of `faults.yml` with the words that it may use.

        Args:
            components: those of the party, each with an account.
        """
        known = {
            "base": self.base,
            "label": self.cluster,
            "party": self.party,
            "other": self.other,
            "own": self.sandbox.addresses[self.node],
        }
        accounts = {name: own_name(ServiceId(self.cluster, self.party, name, self.node)) for name in components}
        return "\n".join(
            (
                *(f"{name}={quote(value)}" for name, value in known.items()),
                _says("user", accounts),
                _says("address", self.sandbox.addresses),
                WORDS.read_text(),
                line,
            )
        )


def _says(function: str, answers: Mapping[str, str]) -> str:
    """A function of the shell that prints what belongs to its argument."""
    cases = " ".join(f"{name}) echo {quote(answer)};;" for name, answer in answers.items())
    return f"{function}() {{ case $1 in {cases} esac; }}"
