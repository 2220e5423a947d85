# SPDX-License-Identifier: MIT
"""What a person sees: progress and errors on stderr, colour only on a terminal."""
import sys
import time


class Failure(Exception):
    """Ends the program with this message and code."""

    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


def _paint(code, text):
    return f"\033[{code}m{text}\033[0m" if sys.stderr.isatty() else text


def say(text):
    print(f"{_paint('36', 'x:')} {text}", file=sys.stderr, flush=True)


def error(text):
    print(f"{_paint('31', 'x: error:')} {text}", file=sys.stderr, flush=True)


class Step:
    """with Step("building"): … prints the step and how long it took."""

    def __init__(self, text):
        self.text = text

    def __enter__(self):
        say(f"{self.text} …")
        self.start = time.monotonic()
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            say(f"{self.text}: done in {time.monotonic() - self.start:.1f} s")
