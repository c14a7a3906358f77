from fatecloud.inventory.loader import load

__all__ = ["load"]
