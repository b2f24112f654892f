"""What bytes mean. Pure: bytes in, values out; no socket, no clock, no file."""
