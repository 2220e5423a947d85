# SPDX-License-Identifier: MIT
"""Configures and builds a preset."""
import subprocess
import sys

import packages
from console import Failure, Step
from paths import TOP, build_dir


def build(preset="dev", targets=()):
    packages.ensure(packages.BUILD)
    if preset == "clang":
        packages.ensure(packages.CHECK)
    folder = build_dir(preset)
    if not (folder / "build.ninja").exists():
        with Step(f"configuring preset {preset}"):
            _run(["cmake", "--preset", preset, "-S", str(TOP)])
    dry = subprocess.run(["ninja", "-C", str(folder), "-n", *targets], capture_output=True, text=True)
    if dry.returncode == 0 and "no work to do" in dry.stdout:
        return folder
    with Step(f"building preset {preset}"):
        _run(["ninja", "-C", str(folder), *targets])
    return folder


def _run(command):
    done = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.stderr.write(done.stdout[-12000:])
        raise Failure(f"{command[0]} failed with exit code {done.returncode}")
