"""What can be wrong with a broker."""
