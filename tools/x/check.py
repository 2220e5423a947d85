# SPDX-License-Identifier: MIT
"""./x check: what a change must pass."""
import subprocess
import sys

import packages
from build import build
from console import Failure, Step
from paths import TOP, build_dir


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
    packages.ensure(packages.BUILD + packages.CHECK + packages.TEST + packages.GUEST)
    with Step("format"):
        _must("format", ["clang-format", "--dry-run", "-Werror", *_sources()])
    with Step("includes"):
        _must("include order", [sys.executable, str(TOP / "tools/check_includes.py")])
    build("dev")
    for preset, what in (("clang", "tests, built with clang"), ("asan", "tests under asan+ubsan"),
                         ("tsan", "tests under tsan")):
        build(preset)
        with Step(what):
            _tests(preset)
    return 0


def _tests(preset):
    """All but those that boot QEMU or run long: ./x test has them."""
    _must(f"tests of preset {preset}", ["ctest", "--test-dir", str(build_dir(preset)), "--output-on-failure", "-j2",
                                        "-LE", "qemu|large"])
