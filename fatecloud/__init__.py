"""Deploy, verify and run FATE federated-learning clusters."""

__version__ = "0.1.0"
