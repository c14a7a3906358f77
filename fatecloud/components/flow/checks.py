"""What can be wrong with a flow."""
