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
    _ninja(preset, folder, targets)
    return folder


def _ninja(preset, folder, targets):
    """Builds; says so only when there turns out to be work."""
    command = ["ninja", "-C", str(folder), *targets]
    process = subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               stdin=subprocess.DEVNULL)
    try:
        try:
            output, _ = process.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            with Step(f"building preset {preset}"):
                output, _ = process.communicate()
                _check(command, process.returncode, output)
        _check(command, process.returncode, output)
    finally:
        process.kill()


def _check(command, code, output):
    if code != 0:
        sys.stderr.write(output[-12000:])
        raise Failure(f"{command[0]} failed with exit code {code}")


def _run(command):
    done = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL)
    _check(command, done.returncode, done.stdout)
