"""What can be wrong with a database."""
