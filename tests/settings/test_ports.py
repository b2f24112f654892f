import pytest

from filed.settings.ports import Ports


@pytest.mark.parametrize(
    ("text", "ports"),
    [("1024-65535", Ports(1024, 65535)), ("7000-7000", Ports(7000, 7000))],
)
def test_a_range_is_read_and_written(text, ports):
    assert Ports.parse(text) == ports
    assert str(ports) == text
    assert len(ports) == ports.last - ports.first + 1


@pytest.mark.parametrize(
    "text", ["", "-", "1", "1-", "-1", "2-1", "1023-2000", "1024-65536", "1 - 2", "a-b"]
)
def test_anything_else_is_none(text):
    with pytest.raises(ValueError, match="not a range of ports"):
        Ports.parse(text)
