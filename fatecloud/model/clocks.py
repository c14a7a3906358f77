"""How far the clocks of nodes may be apart, in seconds."""

NOTICED = 2.0
"""More than what NTP leaves, and than the collector's own uncertainty: someone should look."""
TOO_FAR = 30.0
"""Half of what a signed request between parties may be old (60 s, FATE-Flow), so that it still arrives in time."""
