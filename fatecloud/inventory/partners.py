"""Which parties of an inventory can run jobs with each other, by the versions of FATE that it names."""

from __future__ import annotations

from collections.abc import Mapping

from fatecloud.model.cluster import Peer
from fatecloud.model.compatibility import Compatibility
from fatecloud.model.release import Release


def compatibility_of(releases: Mapping[str, Release], peers: Mapping[str, Peer]) -> Compatibility:
    """What the releases of the managed parties say of each other and of the peers.

    Args:
        releases: of each managed party, by its id.
        peers: by id. Nothing is known against one without a version.
    """
    own = {party: release.fate for party, release in releases.items() if release.fate}
    versions = own | {peer.id: peer.fate for peer in peers.values() if peer.fate}
    # By version and not by party: an inventory may have thousands of parties.
    by_version = {release.fate: release for release in releases.values() if release.fate}
    reasons = {
        frozenset((version, other)): why
        for version, release in by_version.items()
        for other in sorted(set(versions.values()))
        if (why := release.apart_from(other))
    }
    return Compatibility(versions, reasons)
