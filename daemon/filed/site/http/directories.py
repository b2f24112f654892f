"""What a request for a directory comes to: its index file, a listing, or the way to its slash."""

import re
from functools import partial
from typing import Final
from urllib.parse import quote_from_bytes

from filed.files import errors
from filed.files.cache import Cache
from filed.files.names import Name
from filed.protocols.http.heads import Field
from filed.protocols.messages import Format, Request
from filed.settings import Settings
from filed.site import pages
from filed.site.http.files import FileAnswers
from filed.site.http.listings import Listed, Listings, View
from filed.site.http.replies import MEDIA_TYPES, NOSNIFF, VARY_ACCEPT, Replies
from filed.site.later import Later
from filed.site.pages import query
from filed.site.reply import Reply

# It may be kept, and has to be asked about each time (RFC 9111 §5.2.2.4).
_NO_CACHE: Final = (b"Cache-Control", b"no-cache")
# A percent sign of a query that begins no escape.
_STRAY: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_POLICY: Final = (b"Content-Security-Policy", pages.LISTING_POLICY)


class DirectoryAnswers:
    """Answers requests for directories."""

    def __init__(
        self,
        settings: Settings,
        cache: Cache,
        replies: Replies,
        files: FileAnswers,
        listings: Listings,
    ) -> None:
        """Take what matters here of the settings; `files` answers for index files."""
        self._cache = cache
        self._replies = replies
        self._files = files
        self._listings = listings
        self._listing = settings.http.listing
        self._index = [b"/" + name.encode() for name in settings.http.index]

    def answer(self, request: Request, name: Name) -> Reply | Later:
        """Answer a request for a directory.

        Raises:
            FileError: there is none that could be shown.
        """
        if not name.directory:
            return self._redirect(request, name)
        for index in self._index:
            try:
                file = self._cache.find((name.path + index).lstrip(b"/"))
            except (errors.NotFound, errors.IsDirectory):
                continue
            return self._files.answer(request, file)
        if not self._listing:
            raise errors.NotFound("listings are off")
        return self._list(request, name)

    def _redirect(self, request: Request, name: Name) -> Reply:
        # Rebuilt from the normalised name with one leading slash, so it cannot name another host.
        location = "/" + quote_from_bytes(name.path + b"/")
        if request.query:
            whole = _STRAY.sub(b"%25", request.query)
            location += "?" + quote_from_bytes(whole, safe="!$&'()*+,;=:@/?%")
        words = "This is a directory; its name ends in a slash."
        fields = ((b"Location", location.encode()), _NO_CACHE)  # it may be a file one day
        return self._replies.message(request, 301, words, *fields, path=name.absolute)

    def _list(self, request: Request, name: Name) -> Reply | Later:
        version = self._listings.version(name.path)
        try:
            selection, wanted = query.read(request.query)
        except query.BadQuery as error:
            return self._replies.message(request, 400, str(error), path=name.absolute)
        view = View(name.path, selection, wanted or request.preferences.listing)
        return self._listings.answer(request, view, version, partial(self._show, view))

    def _show(self, view: View, request: Request, listed: Listed) -> Reply:
        validators: list[Field] = [(b"ETag", listed.tag), VARY_ACCEPT, _NO_CACHE]
        path = Name(view.path, directory=True).absolute
        ruled_out = self._replies.unless(
            request,
            tag=listed.tag,
            mtime_s=None,
            validators=validators,
            words="The listing is not, or no longer, as the request requires.",
            path=path,
        )
        if ruled_out is not None:
            return ruled_out
        fields = [*validators, NOSNIFF, (b"Content-Type", MEDIA_TYPES[view.format])]
        if view.format is Format.HTML:
            fields.append(_POLICY)
        return self._replies.content(request, 200, fields, listed.page, path=path)
