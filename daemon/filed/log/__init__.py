"""What is written to standard error: the daemon's events, and a line for each request."""
