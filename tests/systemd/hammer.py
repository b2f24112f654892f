"""Clients that keep coming, each time anew, until standard input ends.

Prints, as JSON, how often each outcome came: "200 hello", the name of an error.

Runs inside the machine, by its own Python: `hammer.py PORT UDP_PORT`.
"""

import http.client
import json
import socket
import sys
import threading
from collections import Counter


def fetch(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/hello.txt", headers={"Connection": "close"})
    answer = connection.getresponse()
    outcome = f"{answer.status} {answer.read().decode().strip()}"
    connection.close()
    return outcome


def ask(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(60)
        sock.connect(("127.0.0.1", port))
        sock.send(b"hello.txt")
        return "answered" if sock.recv(2048) else "empty"


def keep(client, port, ended, outcomes):
    while not ended.is_set():
        try:
            outcomes[client(port)] += 1
        except OSError as error:
            outcomes[type(error).__name__] += 1


def main(port, udp_port):
    ended = threading.Event()
    jobs = [(fetch, port)] * 4 + [(ask, udp_port)] * 2
    counters = [Counter() for _ in jobs]
    threads = [
        threading.Thread(target=keep, args=(client, number, ended, outcomes))
        for (client, number), outcomes in zip(jobs, counters, strict=True)
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    json.dump(sum(counters, Counter()), sys.stdout)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
