# SPDX-License-Identifier: MIT
"""./x fuzz: builds the fuzzers with clang and runs each for a while, or for a number of inputs.

A fuzzer begins with what the tests know to be good and bad (SEEDS), and goes on with what earlier
runs found (build-fuzz/corpus).
"""
import hashlib
import subprocess

import packages
from console import Failure, Step, say
from paths import TOP

FOLDER = TOP / "build-fuzz"
SECONDS_AN_INPUT = 10  # more is a hang


def _text(path):
    return [path.read_bytes()]


def _bytes_of_hex(path):
    return [bytes.fromhex(path.read_text())]


def _sections_of_hex(path):
    """As bind_sections_fuzz.c wants it: which section, where the symbols end, the contents."""
    program = bytes.fromhex(path.read_text())
    symbols_end = 17 + int.from_bytes(program[13:17], "little")
    symbols, body = program[17:symbols_end], program[symbols_end + 8:]
    if program[symbols_end:symbols_end + 4] == b"COMP":
        return [b"\x02\x00" + body]
    return [bytes([0, min(len(symbols), 255)]) + symbols + body, b"\x01\x00" + body]


def _bundle_of_hex(path):
    """A bundle (bind/bundle.h) that holds the program twice, once beside a pattern."""
    program = bytes.fromhex(path.read_text())
    entries = b""
    for pattern in (b"", b"pci:v00001AF4*"):
        sizes = (1, 1, len(pattern), len(program))
        entries += b"".join(size.to_bytes(4, "little") for size in sizes) + b"a\0b\0" + pattern + b"\0" + program
    return [b"BNDL" + (1).to_bytes(4, "little") + (2).to_bytes(4, "little") + entries]


def _kind_in_name(path):
    return [bytes([int(path.name[0])]) + path.read_bytes()]


def _json_of_either_kind(path):
    return [bytes([kind]) + path.read_bytes() for kind in (0, 1)]


RULES = ["drivers/*/*/*.bind", "tests/bind/golden/*.bind", "tests/bind/bad/*.bind", "tests/bind/tools/*.bind"]
SEEDS = {
    "bind_compiler": (RULES, _text),
    "bind_library": (["bind/lib/*.bind", "tests/bind/*/*.lib*.bind", "tests/bind/tools/acme.bind"], _text),
    "bind_program": (["tests/bind/golden/*.hex"], _bytes_of_hex),
    "bind_sections": (["tests/bind/golden/*.hex"], _sections_of_hex),
    "bind_bundle": (["tests/bind/golden/*.hex"], _bundle_of_hex),
    "bind_import": (["tests/fuzz/seeds/import/*"], _kind_in_name),
    "bind_listing": (["tests/bind/tools/*.listing", "tests/bind/tools/expected/dump_*.txt"], _text),
    "bind_device": (["tests/bind/tools/*.dev", "tests/fuzz/seeds/device/*.dev"], _text),
    "bind_spec": (["tests/bind/tools/*.json", "tests/fuzz/seeds/spec/*.json"], _json_of_either_kind),
}


def _plant(name, corpus):
    """Puts the seeds of a fuzzer into its corpus, as files named by their contents."""
    patterns, read = SEEDS.get(name, ([], _text))
    for pattern in patterns:
        paths = sorted(TOP.glob(pattern))
        if not paths:
            raise Failure(f"no seeds for {name}: nothing is called {pattern}")
        for path in paths:
            for seed in read(path):
                (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


def _build():
    with Step("building the fuzzers"):
        configure = ["cmake", "-G", "Ninja", "-S", str(TOP), "-B", str(FOLDER), "-DCMAKE_C_COMPILER=clang",
                     "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DJACINTH_FUZZ=ON", "-DJACINTH_SANITIZE=address,undefined"]
        for command in (configure, ["ninja", "-C", str(FOLDER), "fuzzers"]):
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                raise Failure(f"{command[0]} failed:\n{done.stdout[-6000:]}")


def fuzz(name, seconds, runs):
    packages.ensure(packages.BUILD + packages.CHECK)
    _build()
    programs = sorted(p for p in (FOLDER / "fuzz").glob("*_fuzz") if name in (None, p.name, p.name[:-5]))
    if not programs:
        raise Failure(f"there is no fuzzer '{name}'")
    for program in programs:
        corpus = FOLDER / "corpus" / program.name
        corpus.mkdir(parents=True, exist_ok=True)
        _plant(program.name[:-5], corpus)
        say(f"{program.name}: {runs} inputs" if runs else f"{program.name} for {seconds} s")
        limit = f"-runs={runs}" if runs else f"-max_total_time={seconds}"
        done = subprocess.run([program, corpus, limit, f"-timeout={SECONDS_AN_INPUT}", "-print_final_stats=1"],
                              cwd=FOLDER)
        if done.returncode != 0:
            raise Failure(f"{program.name} found something; its input is in {FOLDER}")
    return 0
