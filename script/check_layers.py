#!/usr/bin/env python3
"""Checks who may include whom, and where libraries, sockets, timers and clocks may be used.

The table in ARCHITECTURE.md says which folder may include which. The fences below say which few files may use a
library or reach the outside world; everything else is given what it needs, so that it also runs on virtual time.

    script/check_layers.py [root of the repository]
"""

import pathlib
import re
import sys

# What the line matches, what to call it, and the files that may have it with the reason.
LIBRARIES = [
    (r"#include <net-snmp/", "net-snmp", {
        r"probes/snmp_(\w+_)?run\.cpp": "the SNMP engine"}),
    (r"#include <curl/", "curl", {
        r"probes/http_run\.cpp": "the HTTP engine"}),
    (r"#include <sqlite3\.h>", "sqlite3.h", {
        r"base/database\.cpp": "the SQLite wrapper"}),
    (r"#include <sodium", "libsodium", {
        r"base/\w+\.cpp": "primitives outside TLS"}),
    (r"#include <boost/beast", "Beast", {
        r"base/beast_src\.cpp": "Beast's compiled half",
        r"wire/http_client\.cpp": "the HTTP client",
        r"collector/api/http_server\.cpp": "the HTTP server"}),
    (r"#include <(openssl/|boost/asio/ssl)", "OpenSSL", {
        r"base/asio_src\.cpp": "Asio's compiled half",
        r"wire/\w+\.cpp": "certificates and TLS",
        r"probes/http_run\.cpp": "the trusted authorities of the HTTP engine",
        r"collector/(\w+/)*\w+\.cpp": "listeners and the authority"}),
]

# What muster-inventory shares with the agent holds nothing that a program with rights need not have.
SHARED = [
    (r'#include "(agent/(?!discovery/)|config/|probes/)', "the agent beyond agent/discovery", {
        r"(?!agent/discovery/|inventory/).+": "everything that runs without rights"}),
]

OUTSIDE_WORLD = {
    r"collector/api/event_hub\.[ch]pp": "what waits for events",
    r"base/(task|clock|log|notify_socket)\.\w+": "the adapters themselves",
    r"wire/(connection|http_client|line_connection|resolve|\w*listener|tls\w*)\.cpp": "sockets of the link and of HTTP",
    r"probes/icmp\w*\.cpp": "ICMP sockets",
    r"probes/tcp_knock\.cpp": "a connection without a byte, for the host probe",
    r"probes/(resolver|worker_pool|runner|waiter|worker_channel|socket_watch|\w+_run)\.cpp": "names, worker processes and the engines",
    r"worker/\w+\.cpp": "the worker process: one socket to its parent",
    r"agent/(agent|delivery|uplink|enrolment|spool_thread|service|main)\.cpp": "performs what the agent's parts decide",
    r"collector/collector_impl\.hpp": "what collector.cpp and collector_open.cpp share",
    r"collector/(collector|command_gate|main|\w*listener\w*|\w*_loop|\w*_thread)\.cpp": "performs what the parts decide",
    r"collector/(\w+/)+(\w*thread|\w*loop|\w*listener\w*|http_server|notifier|\w*adapter)\.cpp": "threads and listeners",
    r"ctl/\w+\.cpp": "the command line",
}

WORLD = [
    (r"\b(steady_timer|system_timer|basic_waitable_timer|deadline_timer)\b", "a timer", OUTSIDE_WORLD),
    (r"\b(ip::(tcp|udp|icmp)::(socket|acceptor|resolver)|tcp::socket|tcp::acceptor|udp::socket|ssl::stream"
     r"|stream_descriptor|local::\w+::socket|signal_set)\b", "a socket", OUTSIDE_WORLD),
    (r"\b(system_clock|steady_clock|high_resolution_clock)::now\(|\bclock_gettime\(", "a clock", OUTSIDE_WORLD),
    (r"\bstd::this_thread::sleep_", "a blocking sleep", {}),
]


def without_comment(line):
    return re.sub(r"//.*", "", line)


def fence_faults(here, line, fences):
    for pattern, name, homes in fences:
        if re.search(pattern, line) and not any(re.fullmatch(home, here) for home in homes):
            yield f"{name} does not belong here (script/check_layers.py lists where it does)"


def layer_table(root):
    """Folder -> folders it may include, from the table in ARCHITECTURE.md."""
    text = (root / "ARCHITECTURE.md").read_text()
    rows = re.findall(r"^\| `(\w+)/` \|.*\| ([\w`/ ,–—-]*) \|$", text, re.M)
    folders = {folder for folder, _ in rows}
    return {folder: folders if uses == "all" else {folder, *re.findall(r"`(\w+)/`", uses)} for folder, uses in rows}


def faults_of(root):
    allowed = layer_table(root)
    if not allowed:
        yield "ARCHITECTURE.md has no table of folders"
    for folder in sorted(p for p in root.iterdir() if p.is_dir() and p.name != "build"):
        if folder.name not in allowed and any(folder.rglob("*.cpp")):
            yield f"{folder.name}/ is not in the table of ARCHITECTURE.md"
    for path in sorted(p for folder in allowed for p in (root / folder).rglob("*.[chi]pp")):
        here = path.relative_to(root).as_posix()
        folder = here.split("/")[0]
        fences = LIBRARIES + SHARED + WORLD if folder not in ("tests", "bench") else WORLD[-1:]
        for number, raw in enumerate(path.read_text().splitlines(), 1):
            line = without_comment(raw)
            ours = re.match(r'#include "(\w+)/', line)
            if ours and ours[1] in allowed and ours[1] not in allowed[folder]:
                yield f"{here}:{number}: {folder}/ may not include {ours[1]}/"
            for fault in fence_faults(here, line, fences):
                yield f"{here}:{number}: {fault}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1]).resolve()
    faults = list(faults_of(root))
    print("\n".join(faults) or "layers hold")
    if faults:
        print("Move the code to a file that may have it, or hand it in through a parameter (Clock, Files, Random).")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
