// Owns: secrets that must outlive the process: sealed under a key of this machine, and opened again. Leaves to its callers: where key
// and sealed bytes lie.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"

#include <string>
#include <string_view>

namespace muster {

/// Fresh, 32 bytes of chance.
Secret make_sealing_key();
/// Whether these are bytes that make_sealing_key could have given.
bool is_sealing_key(const Secret& key);

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) under a nonce of its own:
///     | nonce (24) | what was sealed, as long as it was | tag (16) |
/// `label` says what it belongs to, and is not in it: under another label it does not open.
std::string seal(const Secret& key, std::string_view label, std::string_view plain);
/// `corrupt` where the bytes, the key or the label are others than when it was sealed.
Result<Secret> open_sealed(const Secret& key, std::string_view label, std::string_view sealed);

}  // namespace muster
