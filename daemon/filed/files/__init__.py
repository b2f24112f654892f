"""What a name leads to."""
