#!/usr/bin/env python3
"""The peer of bench_ingest: Zabbix 6.0 server on PostgreSQL, under the same kind of load, measured the same way.

    bench/zabbix_peer.py [--quick] [--warm-up SECONDS] [--measure SECONDS]

Prints one line of JSON: what it stored a second and a second of processor time, versions, lengths and settings.
TMPDIR says where the database goes (not a tmpfs, or nothing is durable). Starts a PostgreSQL and a zabbix_server of its
own, as an unprivileged user if run by root, and ends them by their process ids.

The load: 10,000 trapper items on 100 hosts, history on, on each a trigger "3 in a row" (no reply is the value 0, as in
its own pings). Round trips of 0.2 to 20 ms with 1 % noise in seconds with six decimals; 1 value in 10,000 changes the
state of its item (it goes down for one to eight values). Batches in the sender's protocol, as many as the history
syncers keep up with: senders wait while 300,000 accepted values are not in the database yet, so that the history cache
neither runs dry nor fills. The warm-up begins when the value cache holds every item.

What counts is rows of the history table that came between the two ends of the window, counted in the database; the
processor time is that of all processes of both servers between the same two moments, but for the connection that
counts. Left out, all in the peer's favour: TLS, trends (written at the turn of an hour), housekeeping, checkpoints,
changes of the configuration; and it has a hundredth of the items that bench_ingest has probes.
"""

import argparse
import gzip
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from zabbix_load import CONFIGURATION, DESCRIPTION, ITEMS, Load

SCHEMA = pathlib.Path("/usr/share/zabbix-server-pgsql")
# As the manuals of both advise for many inserts; what is committed is on the disk.
POSTGRESQL = {
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "wal_level": "minimal", "max_wal_senders": 0,
    "shared_buffers": "1GB", "wal_buffers": "64MB", "max_wal_size": "8GB", "checkpoint_timeout": "15min", "jit": "off"}
# Caches far larger than needed; processes that have nothing to do here are not started.
ZABBIX = {
    "StartTrappers": 5, "StartDBSyncers": 4, "CacheSize": "256M", "HistoryCacheSize": "256M",
    "HistoryIndexCacheSize": "64M", "ValueCacheSize": "256M", "TrendCacheSize": "64M", "CacheUpdateFrequency": 3600,
    "StartPollers": 0, "StartPollersUnreachable": 0, "StartHistoryPollers": 0, "StartPingers": 0, "StartDiscoverers": 0,
    "StartHTTPPollers": 0, "StartODBCPollers": 0, "StartProxyPollers": 0}


def wait_until(what, seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds} s in vain until {what}")
        time.sleep(0.05)


def free_port():
    """One that Zabbix takes: it refuses those above 32767, where the system's own choice is."""
    for port in random.sample(range(20_000, 32_768), 100):
        try:
            socket.create_server(("127.0.0.1", port)).close()
            return port
        except OSError:
            continue
    raise RuntimeError("no port is free")


def cpu_seconds(roots, but_for):
    """Processor time of these processes and all below them, those that have ended included."""
    parents, seconds = {}, {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        seconds[pid] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def belongs(pid):
        while pid not in roots and pid in parents:
            pid = parents[pid]
        return pid in roots

    return sum(spent for pid, spent in seconds.items() if pid != but_for and belongs(pid))


class Server:
    """A server in the foreground, out of reach of the terminal's Ctrl-C: who began it ends it."""

    def __init__(self, command, user, log):
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True,
                **user)
        self.pid = self.process.pid

    def is_up(self):
        """Always, or raises."""
        if self.process.poll() is not None:
            end = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
            raise RuntimeError(f"{self.process.args[0]} has ended:\n{end}")
        return True

    def end(self, signum):
        if self.process.poll() is None:
            self.process.send_signal(signum)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self.process.wait()


class Database:
    """Loads scripts, and asks over one connection: a psql with a question a line."""

    def __init__(self, directory):
        self.command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", directory, "-U", "postgres"]
        self.psql = None

    def answers(self):
        return not subprocess.run([*self.command, "-c", "SELECT 1"], capture_output=True, check=False).returncode

    def load(self, name, script, *options):
        done = subprocess.run([*self.command, *options, name], input=script, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode())

    def connect(self, name):
        self.psql = subprocess.Popen(
            [*self.command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.pid = self.ask("SET max_parallel_workers_per_gather = 0; SELECT pg_backend_pid()")

    def ask(self, query):
        self.psql.stdin.write(query + ";\n")
        self.psql.stdin.flush()
        answer = self.psql.stdout.readline()
        if not answer:
            raise RuntimeError("the database does not answer")
        return int(answer)

    def rows(self):
        return self.ask("SELECT count(*) FROM history")

    def rows_about(self):
        """Up to a second old, at no cost."""
        return self.ask("SELECT pg_stat_get_tuples_inserted('history'::regclass)")

    def end(self):
        if self.psql:
            self.psql.stdin.close()
            self.psql.wait()


def find_programs():
    postgres = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    zabbix = shutil.which("zabbix_server", path="/usr/sbin:" + os.environ.get("PATH", ""))
    if not postgres or not zabbix or not shutil.which("psql") or not (SCHEMA / "schema.sql.gz").exists():
        sys.exit("missing: apt-get install --no-install-recommends zabbix-server-pgsql postgresql")
    return postgres[-1].parent, zabbix


class Peer:
    """Both servers with their files; `end` whatever has been begun."""

    def __init__(self):
        self.postgres, self.zabbix = find_programs()
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="muster-peer-"))
        self.to_end = [lambda: shutil.rmtree(self.directory)]
        if self.user:
            shutil.chown(self.directory, "postgres", "postgres")

    def start_database(self):
        data = self.directory / "data"
        subprocess.run(
            [self.postgres / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale", "C.UTF-8"], stdout=subprocess.DEVNULL, check=True, cwd="/", **self.user)
        options = POSTGRESQL | {"listen_addresses": "", "unix_socket_directories": self.directory}
        (data / "postgresql.conf").write_text("".join(f"{name} = '{value}'\n" for name, value in options.items()))
        self.cluster = Server([self.postgres / "postgres", "-D", data], self.user, self.directory / "postgresql.log")
        self.to_end.append(lambda: self.cluster.end(signal.SIGINT))
        self.database = Database(self.directory)
        wait_until("PostgreSQL answers", 60, lambda: self.cluster.is_up() and self.database.answers())
        self.database.load("postgres", b"CREATE DATABASE zabbix")
        for name in ["schema", "images", "data"]:
            self.database.load("zabbix", gzip.decompress((SCHEMA / f"{name}.sql.gz").read_bytes()), "-1")
        self.database.load("zabbix", CONFIGURATION.encode(), "-1")
        self.to_end.append(self.database.end)
        self.database.connect("zabbix")

    def start_zabbix(self):
        port = free_port()
        options = ZABBIX | {
            "ListenIP": "127.0.0.1", "ListenPort": port, "DBHost": self.directory, "DBName": "zabbix",
            "DBUser": "postgres", "LogType": "console", "PidFile": self.directory / "zabbix.pid",
            "SocketDir": self.directory}
        config = self.directory / "zabbix.conf"
        config.write_text("".join(f"{name}={value}\n" for name, value in options.items()))
        self.server = Server([self.zabbix, "-f", "-c", config], self.user, self.directory / "zabbix.log")
        self.to_end.append(lambda: self.server.end(signal.SIGTERM))
        self.load = Load(port)
        self.to_end.append(self.load.stop)
        wait_until("Zabbix knows its items", 120, lambda: self.server.is_up() and self.load.is_taken())

    def moment(self):
        """Processor time, time and rows: a count sees what was committed when it began."""
        cpu = cpu_seconds([self.cluster.pid, self.server.pid], self.database.pid)
        return cpu, time.monotonic(), self.database.rows()

    def measure(self, warm_up, seconds):
        def rows_stored():
            return self.cluster.is_up() and self.server.is_up() and self.database.rows_about()

        self.load.start()
        # Until then every item's first value costs a query: a cache that is still empty is not what is measured.
        wait_until(
            "the value cache is filled", 300,
            lambda: self.load.watch(0.2, rows_stored) or self.load.stored >= 5 * ITEMS)
        self.load.watch(warm_up, rows_stored)
        cpu, begun, rows = self.moment()
        self.load.watch(begun + seconds - time.monotonic(), rows_stored)
        cpu_after, ended, rows_after = self.moment()
        waiting = self.load.accepted - rows_after
        self.load.stop()
        wait_until(
            "all that was accepted is stored", 120,
            lambda: self.server.is_up() and self.database.rows() == self.load.accepted)
        return rows_after - rows, ended - begun, cpu_after - cpu, waiting

    def version(self):
        zabbix = subprocess.check_output([self.zabbix, "--version"], text=True).split()[2]
        postgresql = self.database.ask("SELECT current_setting('server_version_num')")
        return f"Zabbix {zabbix}, PostgreSQL {postgresql // 10_000}.{postgresql % 10_000}"

    def end(self):
        while self.to_end:
            self.to_end.pop()()


def main():
    parser = argparse.ArgumentParser(description="The peer of bench_ingest: Zabbix 6.0 server on PostgreSQL.")
    parser.add_argument("--quick", action="store_true", help="the lengths of bench_ingest --quick")
    parser.add_argument("--warm-up", type=int, metavar="SECONDS")
    parser.add_argument("--measure", type=int, metavar="SECONDS")
    options = parser.parse_args()
    warm_up = options.warm_up or (12 if options.quick else 30)
    seconds = options.measure or (10 if options.quick else 60)
    for signum in [signal.SIGTERM, signal.SIGHUP]:
        signal.signal(signum, lambda *_: sys.exit("ended by a signal"))
    peer = Peer()
    try:
        peer.start_database()
        peer.start_zabbix()
        stored, window, cpu, waiting = peer.measure(warm_up, seconds)
        print(json.dumps({
            "results_per_second": round(stored / window, 1), "results_per_cpu_second": round(stored / cpu, 1),
            "version": peer.version(), "warm_up_seconds": warm_up, "measure_seconds": seconds, "results": stored,
            "cpu_seconds": round(cpu, 2), "waiting_at_end": waiting,
            "events": peer.database.ask("SELECT count(*) FROM events"),
            "settings": {"load": DESCRIPTION, "zabbix": ZABBIX, "postgresql": POSTGRESQL}}))
    except (RuntimeError, OSError, subprocess.CalledProcessError) as failure:
        sys.exit(str(failure))
    finally:
        peer.end()


if __name__ == "__main__":
    main()
