"""The letter of `preflight --letter` as a document for programs."""

from __future__ import annotations

from fatecloud.model.letter import Letter
from fatecloud.report.kinds.letter import RequirementsLetter


def letter_document(letter: Letter) -> RequirementsLetter:
    """The whole letter. It contains no secret."""
    return {
        "cluster": letter.cluster,
        "id": letter.id,
        "releases": list(letter.releases),
        "routes": [
            {
                "way": one.way,
                "source": one.source,
                "source_address": one.source_address,
                "target": one.target,
                "target_address": one.target_address,
                "port": one.port,
                "idle": one.idle,
                "purpose": one.purpose,
            }
            for one in letter.routes
        ],
        "names": list(letter.names),
        "supplies": [
            {
                "place": one.place,
                "what": one.what,
                "details": dict(one.details),
                "sources": list(one.sources),
                "secret": one.secret,
            }
            for one in letter.supplies
        ],
        "logins": [
            {
                "node": one.node,
                "user": one.user,
                "purpose": one.purpose,
                "means": one.means,
                "sudoers": one.sudoers,
            }
            for one in letter.logins
        ],
        "accounts": [
            {
                "node": one.node,
                "user": one.user,
                "group": one.group,
                "services": list(one.services),
                "made": one.made,
            }
            for one in letter.accounts
        ],
        "machines": [
            {
                "node": one.name,
                "address": one.address,
                "arch": one.arch,
                "memory": one.memory,
                "directories": [
                    {"path": room.path, "size": room.size, "purpose": room.purpose} for room in one.directories
                ],
                "packages": {family: list(names) for family, names in one.packages.items()},
                "package_source": one.source,
                "supervision": one.supervision,
                "become": one.become,
            }
            for one in letter.machines
        ],
        "unknown": list(letter.unknown),
    }
