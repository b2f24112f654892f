import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from filed.settings import ConfigError, checked, load


@pytest.fixture
def loaded(tmp_path):
    def with_root(root):
        return load({"root": str(root)}, {}, default_file=tmp_path / "none")

    return with_root


@pytest.fixture
def rootless(tmp_path):
    return load({}, {}, default_file=tmp_path / "none")


def test_a_directory_is_taken_and_made_absolute(loaded, tmp_path, monkeypatch):
    (tmp_path / "tree").mkdir()
    monkeypatch.chdir(tmp_path)
    found = checked(loaded("tree"), on_terminal=False)
    assert found.settings.root == tmp_path / "tree"
    assert str(found.origins["root"]) == "option --root"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing", "No such file or directory"), ("file", "Not a directory")],
)
def test_a_root_that_is_no_directory_is_told(loaded, tmp_path, name, reason):
    (tmp_path / "file").touch()
    root = tmp_path / name
    with pytest.raises(ConfigError) as caught:
        checked(loaded(root), on_terminal=True)
    assert caught.value.lines == (
        f'option --root: "{root}": expected a directory that can be entered ({reason})',
    )


def test_a_wrong_root_of_the_file_is_told_with_its_line(tmp_path):
    file = tmp_path / "filed.toml"
    file.write_text('\nroot = "/no/such/directory"\n')
    with pytest.raises(ConfigError) as caught:
        checked(load({}, {}, file=file), on_terminal=True)
    assert caught.value.lines[0].startswith(f'{file}:2: root: "/no/such/directory": expected')


UNPRIVILEGED = """
import os, sys
from filed.cli import main
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.environ["FILED_CONFIG"] = "/dev/null"
sys.exit(main(["check", sys.argv[1]]))
"""


def test_a_directory_that_may_not_be_entered_is_told():
    # Not below tmp_path, whose parents are closed to others: it is the root itself that is meant.
    with TemporaryDirectory() as root:
        Path(root).chmod(0o600)
        command = [sys.executable, "-c", UNPRIVILEGED, root]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 78
    assert ran.stderr == (
        f'option --root: "{root}": expected a directory that can be entered (Permission denied)\n'
    )


def test_the_current_directory_is_served_on_a_terminal(rootless, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = checked(rootless, on_terminal=True)
    assert found.settings.root == tmp_path
    assert str(found.origins["root"]) == "current directory"


def test_a_service_has_to_name_its_root(rootless):
    with pytest.raises(ConfigError, match=r"expected ROOT or --root .* FILED_ROOT .* root in the"):
        checked(rootless, on_terminal=False)


def test_the_whole_system_is_served_only_when_named(rootless, loaded, monkeypatch):
    monkeypatch.chdir("/")
    with pytest.raises(ConfigError, match="filed serve /"):
        checked(rootless, on_terminal=True)
    assert checked(loaded("/"), on_terminal=False).settings.root == Path("/")
