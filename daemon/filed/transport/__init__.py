"""What moves bytes: the event loop, connections, datagrams."""
