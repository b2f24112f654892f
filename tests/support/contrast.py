"""Contrast of the text on a page, as WCAG 2.2 defines it (1.4.3: at least 4.5 to 1)."""

import re

ENOUGH = 4.5
# Every text that is visible: what it says, its colour, and the colours behind it from the nearest.
_TEXTS = """
const grounds = element =>
    element ? [getComputedStyle(element).backgroundColor, ...grounds(element.parentElement)] : [];
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let text; (text = walker.nextNode()); ) {
    const element = text.parentElement;
    if (text.data.trim() && element.checkVisibility())
        found.push([text.data, getComputedStyle(element).color, grounds(element)]);
}
for (const box of document.querySelectorAll("input[type=search]")) {
    found.push([box.placeholder, getComputedStyle(box, "::placeholder").color, grounds(box)]);
    found.push([box.value, getComputedStyle(box).color, grounds(box)]);
}
return found;
"""
_OPAQUE = re.compile(r"rgb\((\d+), (\d+), (\d+)\)")
_TRANSPARENT = "rgba(0, 0, 0, 0)"


def contrasts(browser):
    """Return the contrast of each visible text of the page; there is no other than on one colour.

    Returns:
        Pairs of the ratio and the text.
    """
    return [(_ratio(color, grounds), text) for text, color, grounds in browser.evaluate(_TEXTS)]


def _ratio(color, grounds):
    ground = next(each for each in grounds if each != _TRANSPARENT)
    darker, lighter = sorted(map(_luminance, (color, ground)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color):
    red, green, blue = (_linear(int(part) / 255) for part in _OPAQUE.fullmatch(color).groups())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part):
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
