"""Signatures of what clusters give to each other: keys, the format of OpenSSH, and which keys are trusted."""
