# SPDX-License-Identifier: MIT
"""./x: the developers' one door."""
import argparse
import os
import signal
import subprocess
import sys

import packages
from build import build
from console import Failure, error, say
from paths import TOP

EXAMPLES = """examples:
  ./x boot qemu-x64                     boot the board, then a jacinth prompt
  ./x boot qemu-x64 --exit              boot it, print the device tree, power off
  ./x boot qemu-x64 --cmd 'jacinth hosts' --cmd 'dmesg | tail'
  ./x run host --cmd 'jacinth devices --json'
  ./x test                              every test
  ./x bench boot --json
"""


def parser():
    top = argparse.ArgumentParser(prog="./x", description="Builds, boots, tests and measures Jacinth.",
                                  epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = top.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    sub.add_parser("setup", help="install the Debian packages for everything below, fetch the guest's kernel")
    one = sub.add_parser("build", help="configure and build")
    one.add_argument("--preset", default="dev", choices=["dev", "clang", "asan", "tsan", "release"])
    for verb, text in (("boot", "boot a board in QEMU"), ("run", "run a board directly on this machine")):
        one = sub.add_parser(verb, help=text, description=text + "; without --exit and --cmd: a jacinth prompt")
        one.add_argument("board", help="a name in boards/, or a .yaml file")
        one.add_argument("--cmd", action="append", default=[], metavar="CMD",
                         help="run CMD there once the board is up; only its output is on stdout (repeatable)")
        one.add_argument("--exit", action="store_true", help="end once the board is up; 0 only if all it expects is bound")
        one.add_argument("--timeout", type=int, default=60, metavar="S", help="give up when it is not up by then (60)")
        one.add_argument("--verbose", action="store_true", help="show the console or devmgr's log too")
        one.add_argument("--build-dir", metavar="DIR", help="use what DIR holds instead of building")
        if verb == "boot":
            one.add_argument("--images", metavar="DIR", help="where the disk images are (build/guest/BOARD)")
    one = sub.add_parser("test", help="build and run every test")
    one.add_argument("--preset", default="dev", choices=["dev", "clang", "asan", "tsan"])
    one.add_argument("--label", help="only tests with this label: small, medium, large, qemu")
    one.add_argument("filter", nargs="?", help="only tests whose name matches")
    sub.add_parser("check", help="format, include order, gcc and clang, the quick tests with clang, under asan+ubsan and "
                                   "under tsan")
    one = sub.add_parser("bench", help="measure; prints a table")
    one.add_argument("name", nargs="?", default="boot", help="bindc, boot (as assumed), ipc, match")
    one.add_argument("--json", action="store_true")
    one.add_argument("--runs", type=int, default=5)
    one = sub.add_parser("fuzz", help="run the fuzzers for a while")
    one.add_argument("--seconds", type=int, default=30, help="each (30)")
    one.add_argument("--runs", type=int, help="each as many inputs, however long it takes")
    one.add_argument("name", nargs="?", help="only this one")
    return top


def test(preset, label=None, name=None):
    folder = build(preset)
    command = ["ctest", "--test-dir", str(folder), "--output-on-failure"]
    if label:
        command += ["-L", label]
    if name:
        command += ["-R", name]
    return subprocess.run(command, cwd=TOP).returncode


def dispatch(args):
    if args.verb == "setup":
        import guest
        packages.ensure(packages.BUILD + packages.TEST + packages.GUEST + packages.CHECK + packages.BENCH)
        guest.kernel()
        return 0
    if args.verb == "build":
        build(args.preset)
        return 0
    if args.verb == "boot":
        import boot
        return boot.boot(args)
    if args.verb == "run":
        import boot
        return boot.run(args)
    if args.verb == "test":
        packages.ensure(packages.TEST)
        if args.label not in ("small", "medium", "large"):
            packages.ensure(packages.GUEST)
        return test(args.preset, args.label, args.filter)
    if args.verb == "check":
        import check
        return check.check()
    if args.verb == "bench":
        import bench
        return bench.bench(args.name, args.json, args.runs)
    import fuzz
    return fuzz.fuzz(args.name, args.seconds, args.runs)


def main():
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        return dispatch(parser().parse_args())
    except Failure as failure:
        error(str(failure))
        return failure.code
    except KeyboardInterrupt:
        error("interrupted; everything it had started is stopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
