"""Processes of ours that end together."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PARENT = "DISTRIBUTOR_PARENT"


def end_with_parent() -> None:
    """A process started by another of ours ends with it, however that one ends (Linux)."""
    parent = os.environ.get(PARENT)
    if not parent or not sys.platform.startswith("linux"):
        return
    set_parent_death_signal = 1
    ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGTERM)
    if os.getppid() != int(parent):  # it was gone before we asked
        sys.exit(1)
