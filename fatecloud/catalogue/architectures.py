"""How the components of a party are wired: the names, which the releases repeat."""

ARCHITECTURES = ("standalone", "rabbitmq")
"""Those that fatecloud deploys; the first is for a party alone, the last joins parties."""
LATER = ("eggroll",)
"""Those that upstream has and fatecloud does not deploy yet."""
DEFAULT_RELEASE = "fate-2.2.0"
"""What a new cluster gets that asks for none."""
