// Owns: one SNMP request over net-snmp's single-session interface. Leaves to snmp_engine.hpp: the probe.
#pragma once

#include "base/task.hpp"
#include "probes/snmp_reply.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::probes {

enum class SnmpLevel { open, authentic, confidential };

/// A version 3 user with its keys (Ku, RFC 3414 §2.6). Protocols by the names of the probe's options.
struct SnmpUser {
    std::string name;
    std::string context;
    SnmpLevel level = SnmpLevel::open;
    std::string auth_protocol;
    std::string priv_protocol;
    std::string auth_key;
    std::string priv_key;
};

struct SnmpRequest {
    std::string address;
    std::uint16_t port = 161;
    std::vector<SnmpOid> objects;
    std::int64_t retries = 0;  ///< the time until the deadline is shared by all attempts
};

/// A version 2c GET. `loop` outlives it.
Task<SnmpReply> snmp_get(
    asio::io_context* loop, SnmpRequest request, std::string community, Deadline deadline
);
/// A version 3 GET as `user` of `engine` (raw id).
Task<SnmpReply> snmp_get_as(
    asio::io_context* loop,
    SnmpRequest request,
    SnmpUser user,
    std::string engine,
    Deadline deadline
);
/// The question to which a device answers with a Report that carries its engine id (RFC 3414 §4).
Task<SnmpReply> snmp_discover(asio::io_context* loop, SnmpRequest request, Deadline deadline);

}  // namespace muster::probes
