# SPDX-License-Identifier: MIT
"""Where things are."""
import os
import pathlib

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "jacinth"


def build_dir(preset="dev"):
    return TOP / ("build" if preset == "dev" else f"build-{preset}")


def board_file(board):
    return TOP / "boards" / f"{board}.yaml"
