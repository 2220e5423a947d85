# SPDX-License-Identifier: MIT
"""./x check: what a change must pass."""
import subprocess
import sys

import packages
from build import build
from console import Failure, Step
from paths import TOP


def _sources():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"], cwd=TOP,
                            capture_output=True, text=True, check=True).stdout.split()
    return [name for name in listed if (TOP / name).exists()]


def _must(what, command):
    done = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.stderr.write(done.stdout[-8000:])
        raise Failure(f"{what} failed; to repeat: {' '.join(command[:4])}")


def check():
    packages.ensure(packages.BUILD + packages.CHECK + packages.GUEST)
    with Step("format"):
        _must("format", ["clang-format", "--dry-run", "-Werror", *_sources()])
    with Step("includes"):
        _must("include order", [sys.executable, str(TOP / "tools/check_includes.py")])
    build("clang")
    build("asan")
    with Step("tests under asan+ubsan"):
        _tests("asan", ["-LE", "qemu|large"])
    build("dev")
    return _tests("dev", [])


def _tests(preset, options):
    folder = build(preset)
    done = subprocess.run(["ctest", "--test-dir", str(folder), "--output-on-failure", *options], cwd=TOP)
    if done.returncode != 0:
        raise Failure(f"tests of preset {preset} failed")
    return 0
