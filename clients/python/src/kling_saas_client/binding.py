"""One method for both clients: it describes what to do, and the client it is bound to does it.

`Generations[Sync].get` returns a generation, `Generations[Async].get` a coroutine of one: the same
code, typed for each.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from kling_saas_client.api import Api
from kling_saas_client.steps import Flow, Iteration

if TYPE_CHECKING:
    from typing import Self


class Sync:
    """Marks what belongs to a Client."""


class Async:
    """Marks what belongs to an AsyncClient."""


K = TypeVar("K", bound="Sync | Async")
P = ParamSpec("P")
T = TypeVar("T")


class Bound(Generic[K]):
    """Has methods that need a client."""

    bound_to: Api


class operation(Generic[P, T]):  # noqa: N801 - a decorator, as property is
    """A method that is a flow, called as a method of its client's kind."""

    def __init__(self, flow: Callable[Concatenate[Any, P], Flow[T]]) -> None:
        self.flow = flow
        self.__doc__ = flow.__doc__

    @overload
    def __get__(self, of: None, owner: Any = ...) -> Self: ...
    @overload
    def __get__(self, of: Bound[Sync], owner: Any = ...) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, of: Bound[Async], owner: Any = ...
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, of: Any, owner: Any = None) -> Any:
        return self if of is None else _method(of, self.flow, of.bound_to.driver.run)


class iteration(Generic[P, T]):  # noqa: N801 - a decorator, as property is
    """A method that is an iteration: `for` in a Client, `async for` in an AsyncClient."""

    def __init__(self, flow: Callable[Concatenate[Any, P], Iteration[T]]) -> None:
        self.flow = flow
        self.__doc__ = flow.__doc__

    @overload
    def __get__(self, of: None, owner: Any = ...) -> Self: ...
    @overload
    def __get__(self, of: Bound[Sync], owner: Any = ...) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, of: Bound[Async], owner: Any = ...) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, of: Any, owner: Any = None) -> Any:
        return self if of is None else _method(of, self.flow, of.bound_to.driver.iterate)


def _method(of: Any, flow: Callable[..., Any], go: Callable[[Any], Any]) -> Callable[..., Any]:
    bound = flow.__get__(of)

    @functools.wraps(bound)
    def method(*args: Any, **kwargs: Any) -> Any:
        return go(bound(*args, **kwargs))

    return method
