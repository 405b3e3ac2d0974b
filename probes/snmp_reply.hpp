// Owns: what came of one SNMP request, and what the snmp probe concludes from it. No library type.
#pragma once

#include "base/time.hpp"
#include "probes/outcome.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::probes {

/// Arcs, as net-snmp keeps them.
using SnmpOid = std::vector<unsigned long>;

/// How a request ended. reported: the device sent a Report instead of an answer (RFC 3414 §3.2).
enum class SnmpEnd { waiting, answered, reported, timed_out, refused, failed, cancelled };
enum class SnmpPresence { present, no_such_object };

struct SnmpVariable {
    SnmpOid name;
    SnmpPresence presence = SnmpPresence::present;
    std::optional<std::int64_t> number;  ///< integers, counters, gauges, time ticks (1/100 s)
};

struct SnmpReply {
    SnmpEnd end = SnmpEnd::waiting;
    std::string why;           ///< for refused and failed
    unsigned long report = 0;  ///< last arc of the usmStats object, for reported
    std::string engine;        ///< raw engine id of 5 to 32 bytes, for reported
    std::string device_error;  ///< "genErr at object 2": the device's own; empty without
    std::vector<SnmpVariable> variables;
    std::uint64_t sent = 0;     ///< requests, repeats included
    std::uint64_t foreign = 0;  ///< datagrams from addresses or ports that were not asked
    Duration took{};
};

/// What was asked, for the outcome's words.
struct SnmpAsked {
    std::string where;  ///< "192.0.2.7:161"
    std::vector<std::string> objects;
    Duration timeout{};
};

/// From "1.3.6.1"; at most 128 arcs (RFC 2578 §7.1.3).
std::optional<SnmpOid> parse_oid(std::string_view text);

/// Values are those of the snmp probe's metrics, in order.
Outcome judge_snmp(const SnmpReply& reply, const SnmpAsked& asked);

}  // namespace muster::probes
