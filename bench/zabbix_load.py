"""The load of zabbix_peer.py: what Zabbix is configured with, and who sends to it."""

import itertools
import random
import re
import socket
import struct
import threading
import time

HOSTS, PER_HOST, SENDERS, BATCH = 100, 100, 4, 1250
ITEMS = HOSTS * PER_HOST
# Some seconds of what is stored: how far the database is, is known up to a second late.
NOT_STORED = 300_000
DESCRIPTION = {"items": ITEMS, "senders": SENDERS, "values_per_batch": BATCH, "values_not_stored_at_most": NOT_STORED}

# On the schema of 6.0: a trapper item is of type 2, its value type 0 is a floating-point number.
CONFIGURATION = f"""
INSERT INTO hosts (hostid, host, name) SELECT 100000 + h, 'h' || h, 'h' || h FROM generate_series(0, {HOSTS - 1}) h;
INSERT INTO hosts_groups (hostgroupid, hostid, groupid) SELECT hostid, hostid, 2 FROM hosts WHERE hostid >= 100000;
INSERT INTO items (itemid, type, hostid, name, key_, value_type, history, trends)
    SELECT 1000000 + i, 2, 100000 + i / {PER_HOST}, 'p' || i, 'p' || i, 0, '90d', '365d'
    FROM generate_series(0, {ITEMS - 1}) i;
INSERT INTO item_rtdata (itemid) SELECT itemid FROM items WHERE itemid >= 1000000;
INSERT INTO triggers (triggerid, expression, description, priority)
    SELECT itemid, '{{' || itemid || '}}=0', 'no reply 3 times', 4 FROM items WHERE itemid >= 1000000;
INSERT INTO functions (functionid, itemid, triggerid, name, parameter)
    SELECT itemid, itemid, itemid, 'max', '$,#3' FROM items WHERE itemid >= 1000000;
ANALYZE;
"""


def value_of(item, number):
    """A value as the sender's protocol has it, but for its time."""
    return f'{{"host":"h{item // PER_HOST}","key":"p{item}","value":"{number}'


class Values:
    """The batches of one sender: its items in turn, each once a round.

    Kept cheap, as senders and servers share the cores: rounds are made beforehand, and only items that are down cost
    more than a copy."""

    def __init__(self, sender):
        self.noise = random.Random(sender)
        items = [item for item in range(ITEMS) if item // PER_HOST % SENDERS == sender]
        self.noise.shuffle(items)
        bases = [self.noise.randrange(200, 20_000) for _ in items]
        self.rounds = [
            [value_of(item, (base + self.noise.randrange(base // 50 + 1)) / 1e6) for item, base in zip(items, bases)]
            for _ in range(16)]
        self.no_reply = [value_of(item, 0) for item in items]
        self.left = {}  # of the items that are down: values until they are up again

    def batches(self):
        until_change = self.next_change()
        for values in itertools.cycle(self.rounds):
            for first in range(0, len(values), BATCH):
                batch = values[first:first + BATCH]
                until_change -= len(batch)
                while until_change < 0:
                    self.left.setdefault(first + until_change % len(batch), self.noise.randrange(1, 9))
                    until_change += self.next_change()
                for at in [at for at in self.left if first <= at < first + len(batch)]:
                    batch[at - first] = self.no_reply[at]
                    self.left[at] -= 1
                    if self.left[at] == 0:
                        del self.left[at]
                yield batch

    def next_change(self):
        """An item goes down once in 20,000 values, and up again: two changes."""
        return int(self.noise.expovariate(1 / 20_000))


class Load:
    """Threads that send; each has hosts of its own, so that the values of an item arrive in their order."""

    def __init__(self, port):
        self.port = port
        self.changed = threading.Condition()
        self.accepted = self.stored = 0
        self.failure = None
        self.is_over = False
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(SENDERS)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def send(self, values):
        now = time.time_ns()
        end = f'","clock":{now // 10**9},"ns":{now % 10**9}}}'
        body = f'{{"request":"sender data","data":[{(end + ",").join(values)}{end}]}}'.encode()
        with socket.create_connection(("127.0.0.1", self.port), 60) as link:
            link.sendall(b"ZBXD\1" + struct.pack("<II", len(body), 0) + body)
            answer = b"".join(iter(lambda: link.recv(4096), b""))
        processed = re.search(rb"processed: (\d+); failed: (\d+)", answer)
        if not processed:
            raise RuntimeError(f"no answer to a batch: {answer!r}")
        with self.changed:
            self.accepted += int(processed[1])
        return int(processed[1])

    def is_taken(self):
        """Tries a value of the last item: is the configuration in the server's cache?"""
        try:
            return self.send([value_of(ITEMS - 1, 1)]) == 1
        except OSError:
            return False  # not listening yet

    def run(self, sender):
        try:
            for values in Values(sender).batches():
                with self.changed:
                    self.changed.wait_for(lambda: self.is_over or self.accepted - self.stored < NOT_STORED)
                if self.is_over:
                    return
                if self.send(values) != len(values):
                    raise RuntimeError("values were refused")
        except Exception as failure:  # told by whoever watches
            self.failure = failure

    def watch(self, seconds, rows_stored):
        """Lets them send for so long, no further ahead than what is stored allows."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.failure:
                raise RuntimeError(f"sending: {self.failure}")
            with self.changed:
                self.stored = rows_stored()
                self.changed.notify_all()
            time.sleep(min(0.1, max(0.0, end - time.monotonic())))

    def stop(self):
        with self.changed:
            self.is_over = True
            self.changed.notify_all()
        for thread in self.threads:
            if thread.ident:
                thread.join()
