// Owns: the few primitives outside TLS, by libsodium. Leaves to wire/: certificates and TLS.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace muster {

/// Raw 32 bytes.
std::string sha256(std::string_view data);

/// SHA-256 of what comes piece by piece.
class Sha256 {
  public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();

    void add(std::string_view piece);
    /// Raw 32 bytes. Nothing may be added after it.
    std::string digest();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Raw 32 bytes (RFC 2104).
std::string hmac_sha256(std::string_view key, std::string_view data);
/// Constant time for equal lengths.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// A text that names algorithm (argon2id, RFC 9106), cost (32 MiB, three passes: some 100 ms of a core), a fresh salt and the
/// hash. Blocks: not for a loop's thread. `unavailable` where there is no memory for it.
Result<std::string> hash_password(std::string_view password);
/// Whether `hash`, a text of hash_password, is of this password. As slow, whatever the answer.
bool verify_password(const std::string& hash, std::string_view password);
/// A text of that form and cost which no password is known to fit: for users that are not there, so that time tells nothing.
std::string nobodys_password_hash();

}  // namespace muster
