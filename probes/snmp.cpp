// Owns: what the snmp probe is. Leaves to snmp_run.cpp: how it is done, in the worker.
#include "probes/probe_type.hpp"

namespace muster::probes {

namespace {

using config::ParamKind;
using config::ParamSpec;

constexpr ParamSpec params[] = {
    {.name = "version",
     .kind = ParamKind::choice,
     .default_text = "2c",
     .choices = "2c|3",
     .summary = "The protocol version; 3 needs `user`."},
    {.name = "port",
     .kind = ParamKind::integer,
     .default_text = "161",
     .least = 1,
     .most = 65535,
     .summary = "The UDP port of the device."},
    {.name = "oids",
     .kind = ParamKind::oid_list,
     .default_text = "1.3.6.1.2.1.1.3.0",
     .summary = "Objects to read with one GET, in numbers; sysUpTime.0 by default."},
    {.name = "retries",
     .kind = ParamKind::integer,
     .default_text = "2",
     .least = 0,
     .most = 5,
     .summary =
         "How often an unanswered request is sent again; the timeout is shared by all attempts."},
    {.name = "community",
     .kind = ParamKind::secret,
     .default_text = "",
     .summary = "The community, for version 2c."},
    {.name = "user",
     .kind = ParamKind::text,
     .default_text = "",
     .summary = "The USM user, for version 3."},
    {.name = "context",
     .kind = ParamKind::text,
     .default_text = "",
     .summary = "The context name, for version 3."},
    {.name = "auth_protocol",
     .kind = ParamKind::choice,
     .default_text = "sha256",
     .choices = "md5|sha|sha224|sha256|sha384|sha512",
     .summary = "How messages are signed, where `auth_password` is given."},
    {.name = "auth_password",
     .kind = ParamKind::secret,
     .default_text = "",
     .summary = "The authentication password (at least 8 characters), for version 3."},
    {.name = "priv_protocol",
     .kind = ParamKind::choice,
     .default_text = "aes",
     .choices = "des|aes|aes192|aes256",
     .summary = "How messages are encrypted, where `priv_password` is given."},
    {.name = "priv_password",
     .kind = ParamKind::secret,
     .default_text = "",
     .summary = "The privacy password (at least 8 characters), for version 3."},
    {.name = "ip",
     .kind = ParamKind::choice,
     .default_text = "any",
     .choices = "any|4|6",
     .summary = "Which IP version to use where the host has both."},
};

constexpr MetricSpec metrics[] = {
    {"response_time", "ms", 3, "From the request to its answer, without version 3's discovery."},
    {"uptime", "s", 2, "sysUpTime.0, where it is among the objects read."},
    {"value", "", 0, "The first object read, where it is a number."},
};

}  // namespace

extern constinit const ProbeType snmp_probe;
constinit const ProbeType snmp_probe = {
    .name = "snmp",
    .summary = "Reads objects from a device by SNMP v2c or v3.",
    .params = params,
    .metrics = metrics,
    .runs_in = RunsIn::worker,
    .run = nullptr,
};

}  // namespace muster::probes
