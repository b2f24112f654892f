"""TFTP transfers: their sockets, their blocks, and how many there are."""
