"""The version of all that people and programs exchange with fatecloud: inventories, and documents of `-o json`."""

API_VERSION = "fatecloud/v1"
