"""The collector: what runs on a node. Standard library only, Python 3.6 or later, nothing of the rest of the project.

These files are shipped as they are and executed there (see `collect/shipment.py`); they import each other relatively,
in the order of `shipment.PARTS`. They change nothing on the node.
"""
