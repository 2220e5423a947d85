# SPDX-License-Identifier: MIT
"""The Debian packages that each job needs, and installing those that are missing."""
import os
import shutil
import subprocess

from console import Failure, Step, say

BUILD = ["gcc", "g++", "libc6-dev", "git", "cmake", "ninja-build", "pkg-config", "flatbuffers-compiler",
         "libyaml-dev", "libjansson-dev", "libseccomp-dev", "libelf-dev", "libcriterion-dev",
         "libflatbuffers-dev", "util-linux"]
GUEST = ["qemu-system-x86", "busybox-static", "cpio", "binutils"]
TEST = ["neovim", "xxd", "groff-base"]
BENCH = ["libkmod-dev", "kmod"]
CHECK = ["clang", "clang-format", "libclang-rt-14-dev"]


def _missing(names):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\n", *names],
                          capture_output=True, text=True)
    there = {line.split()[0] for line in done.stdout.splitlines() if line.split()[1:2] == ["ii"]}
    return [name for name in names if name not in there]


def _as_root(command):
    if os.geteuid() == 0:
        return command
    if shutil.which("sudo") is None:
        raise Failure("need root or sudo to run: " + " ".join(command))
    return ["sudo", *command]


def _apt(arguments):
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    done = subprocess.run(_as_root(["apt-get", "-q", *arguments]), env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failure(f"apt-get {' '.join(arguments)} failed:\n{done.stdout[-2000:]}")


def update():
    with Step("reading Debian's package lists"):
        _apt(["update"])


def ensure(names):
    """Installs what is missing of `names`."""
    missing = _missing(names)
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise Failure("this machine has no apt-get; install: " + " ".join(missing))
    say("missing Debian packages: " + " ".join(missing))
    update()
    with Step(f"installing {len(missing)} packages"):
        _apt(["install", "-y", "--no-install-recommends", *missing])
