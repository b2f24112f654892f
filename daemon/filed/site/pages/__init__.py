"""What people and programs read where there is no file: listings and messages of errors.

All are pure functions of what they are given; nothing is read or imported once they can be called.
"""

from filed.site.pages.document import listing_json
from filed.site.pages.listing import listing_html
from filed.site.pages.messages import message
from filed.site.pages.templates import LISTING_POLICY, MESSAGE_POLICY

__all__ = ["LISTING_POLICY", "MESSAGE_POLICY", "listing_html", "listing_json", "message"]
