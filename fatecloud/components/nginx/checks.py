"""What can be wrong with an nginx."""
