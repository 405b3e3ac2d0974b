// Owns: net-snmp's set-up, SNMPv3 protocols, keys and users. Leaves to snmp_run.hpp: requests.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace muster::probes {

/// An object identifier of the library; static.
struct SnmpProtocol {
    std::string_view name;
    const unsigned long* arcs;
    std::size_t length;
};

/// Sets the library up so that it reads no file, keeps no state and prints nothing. Once a process, before other threads.
void start_snmp_library();

/// By the names of the probe's option `auth_protocol`; sha256 for anything else.
SnmpProtocol snmp_auth_protocol(std::string_view name);
/// By the names of the probe's option `priv_protocol`; aes for anything else.
SnmpProtocol snmp_priv_protocol(std::string_view name);

/// The key of a password (Ku, RFC 3414 §2.6); `invalid` below 8 characters. About 4 ms.
Result<std::string> make_snmp_key(std::string_view auth_protocol, std::string_view password);

/// The library keeps the first keys it sees for an engine (raw id) and a user: this makes it take the next.
void forget_snmp_user(const std::string& engine, const std::string& user);

}  // namespace muster::probes
