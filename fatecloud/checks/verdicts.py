"""From what two sides saw of one direction to where the fault is: a table. Pure.

What the sender saw at the point where its way stops is one word, what the receiver's own check found is a set of words.
The first row of the table that both fit is the verdict.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from fatecloud.model.diagnosis import Place

_AtHome = Literal["own", "inside", "exchange", "route", "names"]
_Between = Literal["blocked", "refused", "silent", "unwell", "foreign", "party", "denied", "large"]
_Beyond = Literal["behind", "misrouted", "signature", "clock", "headers"]
Seen = Literal["works", "unseen", _AtHome, _Between, _Beyond]
"""What the sender saw. `unseen`: there is no export of it, or it could not try the way."""
Found = Literal["router", "exchange", "node", "gone", "end", "needed", "inside", "well", "unread", "none"]
"""What the receiver found at itself. `unread`: it could not read its own node; `gone`: because it could not reach it
either; `none`: there is no export of it."""
Whose = Literal["sender", "receiver", ""]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    seen: Seen
    found: Found | Literal["*"]
    """`*`: whatever the receiver found, also where it was not heard."""
    place: Place
    whose: Whose
    sure: Literal["certain", "likely"]
    why: str
    """A sentence; `{s}` and `{r}` are the party that sends and the one that receives."""


TABLE: tuple[Row, ...] = (
    Row("own", "*", "router", "sender", "certain", "it does not get as far as the network on {s}'s side"),
    Row("inside", "*", "inside", "sender", "certain", "the network between {s}'s own nodes loses it"),
    Row("exchange", "*", "exchange", "", "certain", "the exchange between the two does not pass it on"),
    Row("route", "*", "route", "sender", "certain", "{s}'s router has no route to {r}"),
    Row("names", "*", "names", "sender", "certain", "a name does not resolve on {s}'s side"),
    Row("denied", "*", "admission", "receiver", "certain", "{r} does not let in the address that it sees"),
    Row("party", "router", "router", "receiver", "certain", "{r}'s router works as that of another party"),
    Row("party", "*", "route", "sender", "likely", "{s}'s route leads to the router of another party"),
    Row("foreign", "router", "router", "receiver", "certain", "another program has the port of {r}'s router"),
    Row("foreign", "*", "route", "sender", "likely", "what answers where {s} sends it is not a router"),
    Row("blocked", "exchange", "exchange", "", "certain", "the exchange that {r} runs is at fault"),
    Row("blocked", "node", "node", "receiver", "certain", "a node of {r} is down or cut off"),
    Row("blocked", "gone", "node", "receiver", "certain", "neither the other side nor {r} itself reaches its node"),
    Row("blocked", "router", "router", "receiver", "certain", "{r}'s own check finds its router at fault"),
    Row("blocked", "none", "network or router", "", "likely", "{r} was not heard"),
    Row("blocked", "unread", "network or router", "", "likely", "{r} could not read its own node"),
    Row("blocked", "*", "network", "", "certain", "{r}'s router is well, and packets do not reach it"),
    Row("refused", "exchange", "exchange", "", "certain", "the exchange that {r} runs is at fault"),
    Row("refused", "node", "node", "receiver", "certain", "a node of {r} is at fault"),
    Row("refused", "router", "router", "receiver", "certain", "{r}'s own check finds its router at fault"),
    Row("refused", "none", "router", "receiver", "likely", "nothing listens there, or a firewall rejects it"),
    Row("refused", "unread", "router", "receiver", "likely", "nothing listens there, or a firewall rejects it"),
    Row("refused", "*", "network", "", "certain", "{r}'s router listens: what is before it rejects it"),
    Row("silent", "exchange", "exchange", "", "certain", "the exchange that {r} runs is at fault"),
    Row("silent", "node", "node", "receiver", "certain", "a node of {r} is at fault"),
    Row(
        "silent",
        "gone",
        "node",
        "receiver",
        "likely",
        "neither the other side nor {r} itself gets an answer of its node",
    ),
    Row("silent", "router", "router", "receiver", "certain", "{r}'s own check finds its router at fault"),
    Row("silent", "none", "network or router", "", "likely", "{r} was not heard"),
    Row("silent", "unread", "network or router", "", "likely", "{r} could not read its own node"),
    Row("silent", "*", "network", "", "certain", "{r}'s router is well: a device answers in its place"),
    Row("unwell", "exchange", "exchange", "", "certain", "the exchange that {r} runs is at fault"),
    Row("unwell", "router", "router", "receiver", "certain", "{r}'s own check finds its router at fault"),
    Row("unwell", "*", "router", "receiver", "likely", "{r}'s router answers, and not as one that works"),
    Row("large", "inside", "inside", "receiver", "certain", "large packets are lost behind {r}'s router"),
    Row("large", "none", "network or router", "", "likely", "large packets are lost, there or on the way"),
    Row("large", "unread", "network or router", "", "likely", "large packets are lost, there or on the way"),
    Row("large", "*", "network", "", "certain", "large packets are lost between the two: the MTU there is too small"),
    Row("behind", "exchange", "exchange", "", "certain", "the exchange that {r} runs is at fault"),
    Row("behind", "node", "node", "receiver", "certain", "a node of {r} is at fault"),
    Row("behind", "gone", "node", "receiver", "likely", "{r} itself does not reach a node behind its router"),
    Row("behind", "end", "end", "receiver", "certain", "{r}'s router answers, what is behind it does not"),
    Row("behind", "needed", "needed", "receiver", "certain", "what {r} cannot work without is at fault"),
    Row("behind", "router", "router", "receiver", "certain", "{r}'s router answers, and passes nothing on"),
    Row("behind", "inside", "inside", "receiver", "certain", "{r}'s router does not reach what is behind it"),
    Row("behind", "none", "end", "receiver", "likely", "its router answers, and what is behind it does not"),
    Row("behind", "unread", "end", "receiver", "likely", "its router answers, and what is behind it does not"),
    Row("behind", "*", "network", "", "likely", "{r}'s own router reaches it: it is lost before that"),
    Row("misrouted", "router", "route", "receiver", "certain", "{r}'s router has no route to what is behind it"),
    Row("misrouted", "*", "route", "receiver", "likely", "{r}'s router says that it has no route to what is behind it"),
    Row("signature", "*", "signatures", "receiver", "certain", "{r} does not take {s}'s signature"),
    Row("clock", "*", "clocks", "", "certain", "for {r}, {s}'s signature is of another time"),
    Row("headers", "*", "network", "", "certain", "a device in between takes the signature out of the request"),
    Row("works", "exchange", "exchange", "", "certain", "the exchange that {r} runs is at fault"),
    Row("works", "node", "node", "receiver", "certain", "the way works, and a node of {r} is at fault"),
    Row("works", "router", "router", "receiver", "certain", "the way works, and {r}'s check accuses its router"),
    Row("works", "end", "end", "receiver", "certain", "the way works, and {r}'s check accuses what is behind it"),
    Row("works", "needed", "needed", "receiver", "certain", "the way works, and what jobs need at {r} does not"),
    Row("works", "inside", "inside", "receiver", "certain", "the way works, and not between {r}'s own nodes"),
    Row("works", "*", "none", "", "certain", "it arrives"),
    Row("unseen", "exchange", "exchange", "", "likely", "the exchange that {r} runs is at fault"),
    Row("unseen", "node", "node", "receiver", "likely", "a node of {r} is at fault"),
    Row("unseen", "gone", "node", "receiver", "likely", "{r} does not reach its own node"),
    Row("unseen", "router", "router", "receiver", "likely", "{r}'s own check finds its router at fault"),
    Row("unseen", "end", "end", "receiver", "likely", "{r}'s own check accuses what is behind its router"),
    Row("unseen", "needed", "needed", "receiver", "likely", "what {r} cannot work without is at fault"),
    Row("unseen", "inside", "inside", "receiver", "likely", "{r}'s router does not reach what is behind it"),
    Row("unseen", "*", "unknown", "", "likely", "{s} could not be heard about it"),
)


def verdict(seen: Seen, found: Collection[Found]) -> Row:
    """The row for one direction.

    Args:
        seen: by the sender.
        found: by the receiver at itself; never empty.
    """
    return next(row for row in TABLE if row.seen == seen and (row.found == "*" or row.found in found))
