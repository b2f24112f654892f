"""TFTP as RFC 1350, 2347, 2348, 2349 and 7440 have it: the server's side of a read."""
