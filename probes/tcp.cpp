// Owns: what the tcp probe is. Leaves to tcp_run.cpp: how it is done, in the worker.
#include "probes/probe_type.hpp"

namespace muster::probes {

namespace {

using config::ParamKind;
using config::ParamSpec;

constexpr ParamSpec params[] = {
    {.name = "port",
     .kind = ParamKind::integer,
     .default_text = "",
     .required = true,
     .least = 1,
     .most = 65535,
     .summary = "The TCP port."},
    {.name = "send",
     .kind = ParamKind::bytes,
     .default_text = "",
     .summary =
         "What to send once connected; \\r, \\n, \\t, \\xHH and \\\\ stand for bytes (in YAML "
         "without quotes or within single ones)."},
    {.name = "expect.answer",
     .kind = ParamKind::regex,
     .default_text = "",
     .summary = "A regular expression (RE2) the first 64 KiB of what the peer sends must contain; "
                "without it a connection is enough."},
    {.name = "ip",
     .kind = ParamKind::choice,
     .default_text = "any",
     .choices = "any|4|6",
     .summary = "Which IP version to use where the host has both."},
};

constexpr MetricSpec metrics[] = {
    {"connect", "ms", 3, "The TCP handshake, failed attempts at other addresses included."},
    {"first_byte",
     "ms",
     3,
     "From connected, or everything sent, to the first byte of the answer; measured where one is "
     "expected."},
    {"total", "ms", 3, "From the first lookup to the connection, or to the expected answer."},
    {"dns", "ms", 3, "Resolving the name; 0 for an address or a cached name."},
};

}  // namespace

extern constinit const ProbeType tcp_probe;
constinit const ProbeType tcp_probe = {
    .name = "tcp",
    .summary = "Connects to a TCP port, and checks what answers there.",
    .params = params,
    .metrics = metrics,
    .runs_in = RunsIn::worker,
    .run = nullptr,
};

}  // namespace muster::probes
