"""What a request for a directory comes to: its index file, a listing, or the way to its slash."""

from functools import partial
from typing import Final
from urllib.parse import quote_from_bytes

from filed.files import errors
from filed.files.cache import Cache
from filed.files.names import Name
from filed.protocols.http import conditions
from filed.protocols.http.conditions import Verdict
from filed.protocols.http.heads import Field
from filed.protocols.messages import Conditions, Format, Request
from filed.settings import Settings
from filed.site import pages
from filed.site.http.files import FileAnswers
from filed.site.http.listings import Asked, Listed, Listings
from filed.site.http.replies import MEDIA_TYPES, NOSNIFF, VARY_ACCEPT, Replies
from filed.site.later import Later
from filed.site.pages import query
from filed.site.reply import Reply

_POLICY: Final = (b"Content-Security-Policy", pages.LISTING_POLICY)
_NO_CONDITIONS: Final = Conditions()


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
            return self._redirect(request, name.path)
        for index in self._index:
            try:
                file = self._cache.find((name.path + index).lstrip(b"/"))
            except (errors.NotFound, errors.IsDirectory):
                continue
            return self._files.answer(request, file)
        if not self._listing:
            raise errors.NotFound("listings are off")
        return self._list(request, name.path)

    def _redirect(self, request: Request, path: bytes) -> Reply:
        # Rebuilt from the normalised name with one leading slash, so it cannot name another host.
        location = "/" + quote_from_bytes(path + b"/")
        if request.query:
            location += "?" + quote_from_bytes(request.query, safe="!$&'()*+,;=:@/?%[]")
        words = "This is a directory; its name ends in a slash."
        field = (b"Location", location.encode())
        return self._replies.message(request, 301, words, field, path=b"/" + path)

    def _list(self, request: Request, path: bytes) -> Reply | Later:
        try:
            selection, wanted = query.read(request.query)
        except query.BadQuery as error:
            return self._replies.message(request, 400, str(error), path=_shown(path))
        asked = Asked(path, selection, wanted or request.preferences.listing)
        return self._listings.answer(request, asked, partial(self._show, asked))

    def _show(self, asked: Asked, request: Request, listed: Listed) -> Reply:
        validators: list[Field] = [(b"ETag", listed.tag), VARY_ACCEPT]
        path = _shown(asked.path)
        verdict = conditions.evaluate(
            request.conditions or _NO_CONDITIONS,
            method=request.method,
            etag=listed.tag,
            mtime_s=None,
            now_s=self._replies.second,
        )
        if verdict is Verdict.NOT_MODIFIED:
            return self._replies.content(request, 304, validators, path=path)
        if verdict is Verdict.FAILED:
            return self._replies.message(request, 412, "The listing has changed.", path=path)
        fields = [*validators, NOSNIFF, (b"Content-Type", MEDIA_TYPES[asked.format])]
        if asked.format is Format.HTML:
            fields.append(_POLICY)
        return self._replies.content(request, 200, fields, listed.page, path=path)


def _shown(path: bytes) -> bytes:
    return b"/" + path + b"/" if path else b"/"
