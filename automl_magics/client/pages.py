"""Lists whose pages are fetched while somebody goes through them."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, overload

import pydantic

from automl_magics.client.call import Awaited, Blocking, Call, Calls

Asked = TypeVar("Asked", bound=pydantic.BaseModel)
Item = TypeVar("Item")
Asked_contra = TypeVar("Asked_contra", contravariant=True)
Item_co = TypeVar("Item_co", covariant=True)


class _Iterate(Protocol[Asked_contra, Item_co]):
    def __call__(self, query: Asked_contra = ..., /) -> Iterator[Item_co]: ...


class _IterateAsync(Protocol[Asked_contra, Item_co]):
    def __call__(self, query: Asked_contra = ..., /) -> AsyncIterator[Item_co]: ...


@dataclass(frozen=True)
class Pages(Generic[Asked, Item]):
    """Every item of a list, page by page.

    The query has ``limit``, a page's size, and ``offset``; an answer has ``jobs``.
    """

    listed: Call[[Asked], Any]
    item: type[Item]
    everything: Asked
    """The query where none is given."""

    @overload
    def __get__(self, calls: None, owner: type) -> "Pages[Asked, Item]": ...
    @overload
    def __get__(self, calls: Calls[Blocking], owner: type) -> _Iterate[Asked, Item]: ...
    @overload
    def __get__(self, calls: Calls[Awaited], owner: type) -> _IterateAsync[Asked, Item]: ...
    def __get__(self, calls: Calls[Any] | None, owner: type) -> Any:
        """Return what goes through the list with the client that it is looked up on."""
        if calls is None:
            return self
        go = self._awaited if calls.is_awaited else self._blocking
        return lambda query=self.everything: go(calls, query)

    def _blocking(self, calls: Calls[Any], query: Asked) -> Iterator[Item]:
        wanted: Asked | None = query
        while wanted is not None:
            page = calls.send(self.listed.request(wanted))
            yield from page.jobs
            wanted = _next(wanted, page)

    async def _awaited(self, calls: Calls[Any], query: Asked) -> AsyncIterator[Item]:
        wanted: Asked | None = query
        while wanted is not None:
            page = await calls.send(self.listed.request(wanted))
            for item in page.jobs:
                yield item
            wanted = _next(wanted, page)


def _next(query: Asked, page: Any) -> Asked | None:
    """Return the query of the next page; None after the last one."""
    offset = page.offset + len(page.jobs)
    if not page.jobs or offset >= page.count:
        return None
    return query.model_copy(update={"offset": offset})
