"""Processes that train side by side."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection


@contextmanager
def grid_workers(at_once: int) -> Iterator[Executor | None]:
    """Processes that train side by side; None where one training at a time needs none.

    Where something fails in the block, they end at once.
    """
    if at_once == 1:
        yield None
        return
    # Forking would copy a GPU's context, which CUDA forbids.
    context = multiprocessing.get_context("spawn")
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(at_once, context, _end_with_parent) as workers:
        try:
            yield workers
        except BaseException:
            # The pool would wait for a worker that was starting while another one was killed.
            for process in multiprocessing.active_children():
                if process not in others:
                    process.terminate()
            raise


def _end_with_parent() -> None:
    """Let a worker end when the process that started it is killed, so that none trains unseen."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker has a parent"

    def wait() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
