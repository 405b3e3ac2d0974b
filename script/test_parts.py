#!/usr/bin/env python3
"""Installs, builds and runs every test; ends with one line "N passed, N failed".

    script/test            all parts but fuzz, tidy and long
    script/test PART...    only these: install dev asan tsan headers checks fuzz tidy long

install  packages that are missing
dev      build with warnings as errors; every test. Those with real daemons, which wait more than they work, run while asan builds
asan     build with address and undefined-behaviour sanitizers; every test but those named slow and those with real daemons
tsan     build with the thread sanitizer; base, agent and collector, where threads meet
headers  every header compiled alone
fuzz     every parser fed with mutated bytes for half a minute each
tidy     clang-tidy over all sources, or with TIDY=REGEX over some (half an hour; needs clang-tidy-19)
checks   layout of the sources
long     what takes hours, as released: a thousand kills of real daemons, a million seeds of the delivery
         simulator and a hundred thousand in which the collector's disk loses power (SEEDS="FIRST COUNT": others); also --long
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
USUAL = ["install", "dev", "asan", "tsan", "headers", "checks"]
PARTS = [*USUAL, "fuzz", "tidy", "long"]
FUZZ_SECONDS = 30
MOST_AGAIN = 5  # more than that have failed for a reason
MOST_SAID = 3000
SEEDS_IN_BLOCK = 5000
TSAN = ["base", "agent", "collector"]
NOT_ASAN = ["e2e", "fuzz", "programs", "support"]


class Tally:
    """What passed and what failed, over all parts. A part that cannot be built counts as one failure."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.second = []  # passed, but not beside a build
        self.said = []  # what each failed test printed
        self.beside = None  # the tests with real daemons, while they run: process, what they print, report

    def add(self, part, report):
        """Reads the JUnit file of one ctest run, and gives the names that passed; a missing or broken one is a failure."""
        passed = []
        try:
            cases = xml.etree.ElementTree.parse(report).getroot().findall("testcase")
        except (OSError, xml.etree.ElementTree.ParseError):
            self.failed.append(f"{part}: ctest left no report")
            return passed
        if not cases:
            self.failed.append(f"{part}: ctest found no tests")
        for case in cases:
            name = f"{part}: {case.get('name')}"
            skipped = case.find("skipped")
            chosen_out = skipped is not None and skipped.get("message", "").startswith("SKIP_")
            if case.get("status") == "run":
                passed.append(name)
            elif chosen_out or case.get("status") == "disabled":
                self.skipped.append(name)
            else:
                # "notrun" without a reason of its own is a program that is not there.
                self.failed.append(name)
                self.said.append((name, case.findtext("system-out") or "it printed nothing\n"))
        self.passed += len(passed)
        return passed


def run(*command):
    """Runs a command in the root, its output shown; true when it succeeded."""
    print("$", *command, flush=True)
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def build(tally, part, *targets, options=()):
    configured = run("cmake", "--preset", part, "--log-level=WARNING", *options)
    chosen = ["--target", *targets] if targets else []
    polite = ["chrt", "--idle", "0"] if tally.beside else []  # whoever waits for a daemon comes first
    if configured and run(*polite, "cmake", "--build", "--preset", part, *chosen):
        return True
    tally.failed.append(f"{part}: build")
    return False


def ctest(tally, part, *choice):
    report = ROOT / "build" / part / "junit.xml"
    report.unlink(missing_ok=True)
    run("ctest", "--preset", part, "--output-junit", str(report), *choice)
    return tally.add(part, report)


def begin_daemon_tests(tally):
    report = ROOT / "build/dev/junit_e2e.xml"
    report.unlink(missing_ok=True)
    printed = ROOT / "build/dev/e2e.log"
    command = ["ctest", "--preset", "dev", "-L", "^e2e$", "--output-junit", str(report)]
    print("$", *command, "&", flush=True)
    with open(printed, "wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    tally.beside = process, printed, report


def end_daemon_tests(tally):
    if tally.beside:
        process, printed, report = tally.beside
        process.wait()
        print(printed.read_text(errors="replace"), flush=True)
        tally.beside = None
        before = len(tally.failed)
        tally.add("dev", report)
        judge_alone(tally, tally.failed[before:])


def judge_alone(tally, names):
    """A few of them wait for a deadline of their own and lose it to the compiler: what passes with the machine to itself
    has passed, and is named."""
    if not 0 < len(names) <= MOST_AGAIN:
        return
    before = len(tally.failed)
    pattern = "|".join(re.escape(name.removeprefix("dev: ")) for name in names)
    passed = ctest(tally, "dev", "-R", f"^({pattern})$")
    del tally.failed[before:]  # whatever has failed stands there already
    tally.second += [name for name in names if name in passed]
    tally.failed = [name for name in tally.failed if name not in tally.second]


def install(tally):
    if not run("script/bootstrap", "test"):
        tally.failed.append("install: script/bootstrap")


def dev(tally):
    if build(tally, "dev"):
        ctest(tally, "dev", "-LE", "^e2e$")
        begin_daemon_tests(tally)


def asan(tally):
    folders = sorted(found.name for found in (ROOT / "tests").iterdir() if found.is_dir())
    sanitized(tally, "asan", [folder for folder in folders if folder not in NOT_ASAN])


def tsan(tally):
    sanitized(tally, "tsan", TSAN)


def sanitized(tally, part, folders):
    made = [folder for folder in folders if any((ROOT / "tests" / folder).glob("*.cpp"))]
    built = build(tally, part, *[f"tests_{folder}" for folder in made])
    end_daemon_tests(tally)
    if built:
        ctest(tally, part, "-L", f"^({'|'.join(made)})$", "-LE", "^slow$")


def headers(tally):
    if run("cmake", "--preset", "dev", "--log-level=WARNING") and run(
        "cmake", "--build", "--preset", "dev", "--target", "check_headers"
    ):
        tally.passed += 1
    else:
        tally.failed.append("headers: check_headers")


def checks(tally):
    if run("script/format", "--check"):
        tally.passed += 1
    else:
        tally.failed.append("checks: format")


def fuzz(tally):
    names = sorted(source.stem for source in (ROOT / "tests/fuzz").glob("*_fuzz.cpp"))
    if not build(tally, "fuzz", *names):
        return
    for name in names:
        corpus = ROOT / "build/fuzz/corpus" / name
        corpus.mkdir(parents=True, exist_ok=True)
        found = f"-artifact_prefix={corpus.parent}/{name}-"
        limits = [f"-max_total_time={FUZZ_SECONDS}", "-timeout=10", "-verbosity=0"]
        if run(f"build/fuzz/bin/{name}", *limits, found, str(corpus)):
            tally.passed += 1
        else:
            tally.failed.append(f"fuzz: {name}")


def tidy(tally):
    if not build(tally, "dev"):
        return
    chosen = os.environ.get("TIDY", f"^{ROOT}/(?!build/)")
    if run("run-clang-tidy-19", "-quiet", "-p", "build/dev", "-j", "2", chosen):
        tally.passed += 1
    else:
        tally.failed.append("tidy: clang-tidy")


def simulate(tally):
    """Delivery with all that goes wrong: a million seeds."""
    live_through(tally, "DeliverySeeds", 1000000)


def simulate_power_cuts(tally):
    """Delivery to a collector whose disk loses power and errs."""
    live_through(tally, "DeliveryPowerCuts", 100000)


def live_through(tally, kind, usual):
    """Lives through seeds in blocks, as many at a time as there are processors; says of each block how it went, and of each
    seed that fails how to replay it. A block counts as one test."""
    first, count = (int(number) for number in os.environ.get("SEEDS", f"1 {usual}").split())
    program = str(ROOT / "build/release/bin/tests_sim")

    def block(begin):
        size = min(SEEDS_IN_BLOCK, first + count - begin)
        seeds = {**os.environ, "MUSTER_SIM_SEEDS": f"{begin} {size}"}
        command = [program, f"--gtest_filter=*{kind}.*"]
        done = subprocess.run(command, env=seeds, capture_output=True, text=True, errors="replace", check=False)
        said = [line for line in done.stdout.splitlines() if line.startswith(("seed ", "again: "))]
        verdict = "all add up" if done.returncode == 0 else "\n".join(said) or done.stdout[-MOST_SAID:]
        print(f"{kind}, seeds {begin} to {begin + size - 1}: {verdict}", flush=True)
        return begin, done.returncode == 0

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for begin, has_passed in pool.map(block, range(first, first + count, SEEDS_IN_BLOCK)):
            if has_passed:
                tally.passed += 1
            else:
                tally.failed.append(f"long: {kind}, seeds from {begin} on")


def kill(tally):
    """A thousand kills of real daemons, 65 a round, from fresh seeds; the tests say which, and how they went."""
    command = ["build/release/bin/tests_e2e", "--gtest_filter=Killed.T0*", "--gtest_repeat=16"]
    print("$ MUSTER_TEST_LONG=1", *command, flush=True)
    if subprocess.run(command, cwd=ROOT, env={**os.environ, "MUSTER_TEST_LONG": "1"}, check=False).returncode == 0:
        tally.passed += 1
    else:
        tally.failed.append("long: kills")


def cut_power(tally):
    """Ten thousand power cuts under a collector's store, and as many under an agent's spool; the tests say how each seed went."""
    wish = {**os.environ, "MUSTER_TEST_POWER_CUTS": "10000"}
    for program in ("tests_collector", "tests_agent"):
        command = [f"build/release/bin/{program}", "--gtest_filter=*PowerCut.*Anywhere*:*PowerCut.*Nothing*"]
        print("$ MUSTER_TEST_POWER_CUTS=10000", *command, flush=True)
        if subprocess.run(command, cwd=ROOT, env=wish, check=False).returncode == 0:
            tally.passed += 1
        else:
            tally.failed.append(f"long: power cuts of {program}")


LONG = [kill, cut_power, simulate_power_cuts, simulate]  # each takes the tally, and prints what it does


def long(tally):
    if build(tally, "release", "tests_e2e", "tests_sim", "tests_collector", "tests_agent"):
        for one in LONG:
            one(tally)


def main():
    chosen = [part.removeprefix("--") for part in sys.argv[1:]] or USUAL
    if any(part not in PARTS for part in chosen):
        print(__doc__.strip())
        sys.exit(2)
    tally = Tally()
    took = {}
    for part in chosen:
        print(f"== {part}", flush=True)
        began = time.monotonic()
        if part != "asan":
            end_daemon_tests(tally)
        globals()[part](tally)
        took[part] = time.monotonic() - began
    end_daemon_tests(tally)
    print()
    for name, text in tally.said:
        print(f"== what {name} printed last")
        print(text[-MOST_SAID:].rstrip())
    for part, seconds in took.items():
        print(f"{part} took {seconds:.0f} s")
    for name in tally.skipped:
        print("skipped:", name)
    for name in tally.second:
        print("passed when run again, alone:", name)
    for name in tally.failed:
        print("failed:", name)
    print(f"{tally.passed} passed, {len(tally.failed)} failed")
    sys.exit(bool(tally.failed))


if __name__ == "__main__":
    main()
