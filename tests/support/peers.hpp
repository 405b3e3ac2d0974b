// Owns: real peers to probe: snmpd and nginx, started on an address and stopped by pid.
#pragma once

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <cstdint>
#include <string>

namespace muster::test {

/// snmpd with community "public" and the v3 user "roll" (SHA-256 "authentic-1", AES "confidential-1").
Process start_snmpd(const TempDir& dir, const std::string& address, std::uint16_t port);
/// nginx that answers every path with 200 and the body "all is well".
Process start_nginx(const TempDir& dir, const std::string& address, std::uint16_t port);
/// Waits until something accepts TCP connections there.
bool listens(const std::string& address, std::uint16_t port, Duration patience);

}  // namespace muster::test
