"""The pictures in docs/ can be made at any time."""

import struct

import pytest

from support import screenshots


@pytest.fixture(scope="module")
def tree(root):
    screenshots.lay_out(root)
    return root


@pytest.mark.parametrize("picture", screenshots.PICTURES, ids=lambda picture: picture.name)
def test_a_picture_shows_the_example(browser, page, daemon, picture):
    taken = screenshots.take(browser, picture, f"{daemon.url}/{screenshots.SHOWN}/")
    assert set(page.links) == {
        f"./{name}/" if size_bytes is None else f"./{name}"
        for name, size_bytes, _ in screenshots.EXAMPLE
    }
    width, height = struct.unpack(">8x4x4xII", taken[:24])  # the header's, PNG 11.2.1
    assert width == picture.width * screenshots.SCALE
    assert height > width / 2
