# SPDX-License-Identifier: MIT
"""./x fuzz: builds the fuzzers with clang and runs each for a while."""
import subprocess

import packages
from console import Failure, Step, say
from paths import TOP

FOLDER = TOP / "build-fuzz"


def fuzz(name, seconds):
    packages.ensure(packages.BUILD + packages.CHECK)
    with Step("building the fuzzers"):
        configure = ["cmake", "-G", "Ninja", "-S", str(TOP), "-B", str(FOLDER), "-DCMAKE_C_COMPILER=clang",
                     "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DJACINTH_FUZZ=ON", "-DJACINTH_SANITIZE=address,undefined"]
        for command in (configure, ["ninja", "-C", str(FOLDER), "fuzzers"]):
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                raise Failure(f"{command[0]} failed:\n{done.stdout[-6000:]}")
    programs = sorted(p for p in (FOLDER / "fuzz").glob("*_fuzz") if name in (None, p.name, p.name[:-5]))
    if not programs:
        raise Failure(f"there is no fuzzer '{name}'")
    for program in programs:
        corpus = FOLDER / "corpus" / program.name
        corpus.mkdir(parents=True, exist_ok=True)
        say(f"{program.name} for {seconds} s")
        done = subprocess.run([program, corpus, f"-max_total_time={seconds}", "-print_final_stats=1"], cwd=FOLDER)
        if done.returncode != 0:
            raise Failure(f"{program.name} found something; its input is in {FOLDER}")
    return 0
