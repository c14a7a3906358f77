"""Packages of upstream: their archives are listed, recognised, unpacked and kept as trees, and never believed."""
