"""Code that has taken over a worker or the exporter, as far as the kernel can tell.

Python imports a module `sitecustomize` at its start. This one changes what a request for a file
called `rogue` does in a worker, and any scrape in the exporter: they attempt what they should not,
and say in the log what became of each.
"""

import os

_SITECUSTOMIZE = """
import errno, json, os, socket
from filed.files.tree import Tree
from filed.process.exporter import _Pages

BASE, PORT = {base!r}, {port!r}
MASTER = os.getpid()
ATTEMPTS = {{
    "read inside": lambda: os.open(BASE + "/root/inside.txt", os.O_RDONLY),
    "read outside": lambda: os.open(BASE + "/secret.txt", os.O_RDONLY),
    "list outside": lambda: os.listdir(BASE),
    "write inside": lambda: os.open(BASE + "/root/inside.txt", os.O_WRONLY),
    "create inside": lambda: os.open(BASE + "/root/new", os.O_WRONLY | os.O_CREAT),
    "create outside": lambda: os.open(BASE + "/new", os.O_WRONLY | os.O_CREAT),
    "execute": lambda: os.execv("/bin/true", ["true"]),
    "connect": lambda: socket.socket().connect(("127.0.0.1", PORT)),
    "bind": lambda: socket.create_server(("127.0.0.1", 0)),
    "signal the master": lambda: os.kill(MASTER, 0),
}}

def outcome(attempt):
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            attempt()
        except OSError as error:
            code = error.errno
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return errno.errorcode[code] if code else "done"

def go_rogue(who):
    found = {{name: outcome(attempt) for name, attempt in ATTEMPTS.items()}}
    os.write(2, json.dumps({{"event": "rogue", "who": who, "found": found}}).encode() + b"\\n")

def open_file(self, path, honest=Tree.open_file):
    if path == b"rogue":
        go_rogue("worker")
    return honest(self, path)

def get(self, path, accept, honest=_Pages.get):
    go_rogue("exporter")
    return honest(self, path, accept)

Tree.open_file, _Pages.get = open_file, get
"""


def rogue_environment(folder, place, port):
    """The environment that makes a daemon's children go rogue.

    Args:
        folder: where to put the module.
        place: the tree that is served and its surroundings (`support.containment`).
        port: of a TCP socket that listens and has nothing to do with the daemon.
    """
    source = _SITECUSTOMIZE.format(base=str(place.base), port=port)
    (folder / "sitecustomize.py").write_text(source)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}
