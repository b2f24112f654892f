"""HTTP's answers: what a request comes to, given the tree."""

import dataclasses
from typing import Final

from filed.clock import Clock
from filed.files import errors
from filed.files.directories import NoSuchPage
from filed.files.tree import Tree
from filed.protocols.http import heads
from filed.protocols.messages import Refusal, Request
from filed.settings import Settings
from filed.site.http.directories import DirectoryAnswers
from filed.site.http.files import FileAnswers
from filed.site.http.listings import Listings, Threads
from filed.site.http.replies import RETRY_AFTER, Replies
from filed.site.later import Later
from filed.site.lookup import Lookup
from filed.site.outcomes import status_of
from filed.site.pages.figures import count
from filed.site.reply import Reply

# What a client is told of each status that an error of the tree comes to.
_WORDS: Final = {
    400: "The path holds a byte that no file's name can have.",
    403: "The server is not allowed to read this file.",
    404: "There is no such file here.",
    500: "The server could not read this file.",
    503: "The server is short of resources. Ask again in a second.",
}

_TOO_LONG: Final = "Making the answer takes too long just now. Ask again later."


class HttpSite:
    """Answers HTTP requests from a tree."""

    def __init__(
        self, settings: Settings, tree: Tree, lookup: Lookup, clock: Clock, threads: Threads
    ) -> None:
        """Take what matters here of the settings; `threads` make what takes long."""
        self._lookup = lookup
        self._enabled = settings.http.enabled
        self._replies = Replies(settings, clock)
        self._files = FileAnswers(settings, tree, lookup.cache, clock, self._replies)
        self._listings = Listings(settings, tree, clock, threads)
        self._directories = DirectoryAnswers(
            settings, lookup.cache, self._replies, self._files, self._listings
        )

    def answer(self, request: Request, *, closing: bool) -> Reply | Later:
        """Answer a request.

        Args:
            request: as `protocols.http.syntax` read it.
            closing: the connection is to end even if the client would go on.
        """
        self._replies.begin()
        if closing:
            request = _closed(request)
        if not self._enabled:
            words = "HTTP is switched off on this server."
            return self._replies.message(request, 403, words, close=True)
        if request.method == b"OPTIONS":
            return self._options(request)
        try:
            return self._from_tree(request)
        except errors.FileError as error:
            return self._failed(request, error)

    def finish(self, later: Later, *, closing: bool) -> Reply:
        """Answer what took longer. `closing` as in `answer`."""
        self._replies.begin()
        request = _closed(later.request) if closing else later.request
        try:
            return later.finish(request)
        except NoSuchPage as error:
            there = count(error.pages, "page", "pages")
            words = f"There is no such page: this listing has {there}."
            return self._replies.message(request, 404, words, path=self._path(request))
        except errors.FileError as error:
            return self._failed(request, error)

    def give_up(self, later: Later) -> Reply:
        """Answer that the answer takes too long."""
        self._replies.begin()
        later.forget()
        return self._replies.message(
            later.request, 503, _TOO_LONG, RETRY_AFTER, path=self._path(later.request), close=True
        )

    def refuse(self, refusal: Refusal, *, closing: bool) -> Reply:
        """Answer what asks for no file. `closing` as in `answer`."""
        self._replies.begin()
        fields = (heads.ALLOW,) if refusal.status == 405 else ()
        return self._replies.message(
            refusal, refusal.status, refusal.reason, *fields, close=closing
        )

    def sweep(self) -> None:
        """Forget what has had its time. Once a second is often enough."""
        self._listings.sweep()

    def _from_tree(self, request: Request) -> Reply | Later:
        name = self._lookup.name(request.name)
        try:
            file = self._lookup.file(name)
        except errors.IsDirectory:
            return self._directories.answer(request, name)
        return self._files.answer(request, file)

    def _options(self, request: Request) -> Reply:
        return self._replies.content(request, 204, (heads.ALLOW,), path=self._path(request))

    def _failed(self, request: Request, error: errors.FileError) -> Reply:
        status = status_of(error)
        fields = (RETRY_AFTER,) if status == 503 else ()
        return self._replies.message(
            request,
            status,
            _WORDS[status],
            *fields,
            path=self._path(request),
            close=status == 400,
        )

    def _path(self, request: Request) -> bytes | None:
        """Say what the user's rules would know the requested name by; None where it has none."""
        try:
            return self._lookup.name(request.name).absolute
        except errors.FileError:
            return None


def _closed(request: Request) -> Request:
    return dataclasses.replace(request, close=True, variant=None)
