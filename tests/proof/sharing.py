"""Work shared out among processes, a seed each: as many at once as the machine has cores for it and the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

from tests.proof.ground import Ground

AT_ONCE = 2
Found = TypeVar("Found")


def each_seed(
    work: Callable[[Ground, int], Found], on: Ground, seeds: Sequence[int]
) -> Iterator[tuple[int, Found | BaseException]]:
    """What `work`, a function of a module, finds for each seed, as it is found; an exception where it broke."""
    with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("spawn")) as pool:
        waiting: dict[Future[Found], int] = {pool.submit(work, on, seed): seed for seed in seeds}
        for done in as_completed(waiting):
            error = done.exception()
            yield waiting[done], done.result() if error is None else error
