#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_docs.py [--build DIR] [--update] [PAGE…]: runs the console sessions of the documentation.

A fenced block marked `console` is a session: each line after "$ " is a command, what follows is all that
it prints, on both streams. A block marked with a kind and a name, such as `bind edu.bind`, is a file that
the sessions of the page find. They run in a folder of their own that shows the tree's folders, `build`
being DIR. --update writes into the page what the commands print now.
"""
import argparse
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(.*)$")
TIMEOUT = 120


def blocks(lines):
    """(info, first, end) of each fenced block: its contents are lines[first:end]."""
    first = None
    for number, line in enumerate(lines):
        fence = FENCE.match(line)
        if fence and first is None:
            info, first = fence.group(1).strip(), number + 1
        elif fence:
            yield info, first, number
            first = None


def run(command, folder):
    done = subprocess.run(["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT)
    return done.stdout.splitlines()


def replay(session, folder):
    """The session as it goes today: its commands with what they print."""
    result = []
    for line in session:
        if line.startswith("$ "):
            result.append(line)
            result += run(line[2:], folder)
    return result


def make_folder(folder, build):
    for entry in TOP.iterdir():
        if entry.is_dir() and not entry.name.startswith((".", "build")):
            (folder / entry.name).symlink_to(entry)
    (folder / "build").symlink_to(build)


def page_today(page, build):
    """The page's lines with every session replayed, and how many sessions there are."""
    lines = page.read_text().splitlines()
    result, at, count = [], 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_folder(folder, build)
        for info, first, end in blocks(lines):
            words = info.split()
            if len(words) == 2:
                (folder / os.path.basename(words[1])).write_text("\n".join(lines[first:end]) + "\n")
            elif words == ["console"]:
                result += lines[at:first] + replay(lines[first:end], folder)
                at, count = end, count + 1
    return result + lines[at:], count


def main():
    options = argparse.ArgumentParser(description="Runs the console sessions of the documentation.")
    options.add_argument("--build", type=pathlib.Path, default=TOP / "build", help="what the pages call build/")
    options.add_argument("--update", action="store_true", help="write what the commands print into the pages")
    options.add_argument("pages", nargs="*", type=pathlib.Path, help="these instead of all of docs/")
    args = options.parse_args()
    total = bad = 0
    for page in args.pages or sorted((TOP / "docs").rglob("*.md")):
        today, count = page_today(page, args.build.resolve())
        total += count
        if args.update:
            page.write_text("\n".join(today) + "\n")
            continue
        diff = list(difflib.unified_diff(page.read_text().splitlines(), today, str(page), "what it prints", lineterm=""))
        bad += bool(diff)
        print("\n".join(diff), end="\n" if diff else "")
    if not args.update:
        print(f"{total} sessions, {bad} pages are not up to date" + (" (--update writes them anew)" if bad else ""))
    if total == 0:
        print("no session was run")
    return 1 if bad or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
