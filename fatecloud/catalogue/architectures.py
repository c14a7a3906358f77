"""How the components of a party are wired: the names, which the releases repeat."""

ARCHITECTURES = ("standalone", "eggroll", "rabbitmq")
"""The first is for a party alone. The last joins parties with what registries have: a new sandbox gets it."""
DEFAULT_RELEASE = "fate-2.2.0"
"""What a new cluster gets that asks for none."""
