"""Configuration files for a daemon under test."""

import json


class Configuration:
    """A file at `path`; calling it writes it anew, with the arguments of `write`."""

    def __init__(self, path, root):
        self.path = path
        self._root = root
        self()

    def __call__(self, root=None, **more):
        write(self.path, root or self._root, **more)


def write(path, root, **more):
    """Write a configuration that serves `root` on any free ports, with two workers.

    Args:
        path: the file.
        root: the directory to serve.
        more: other top-level keys, or tables as dicts, as in `listen={"tcp": []}`.
    """
    tables = {
        "listen": {"tcp": ["[::]:0"], "udp": ["[::]:0"]},
        "metrics": {"listen": "127.0.0.1:0"},
    }
    top = {"root": str(root), "workers": 2}
    for name, value in more.items():
        if isinstance(value, dict):
            tables[name] = tables.get(name, {}) | value
        else:
            top[name] = value
    lines = [_assignment(*item) for item in top.items()]
    for name, table in tables.items():
        lines += [f"[{name}]", *(_assignment(*item) for item in table.items())]
    path.write_text("\n".join([*lines, ""]))


def _assignment(key, value):
    return f"{key} = {json.dumps(value)}"  # what is used here is written alike in TOML
