"""Nodes as places to run commands: over SSH, on this machine, or scripted for tests."""

from fatecloud.transport.connect import CONNECT_TIMEOUT, connect
from fatecloud.transport.contract import Stream, Transport

__all__ = ["CONNECT_TIMEOUT", "Stream", "Transport", "connect"]
