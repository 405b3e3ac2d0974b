// Owns: the text form of join tokens, API tokens and session cookies. Leaves to access_store.hpp: which of them count.
#pragma once

#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

#include <string>
#include <string_view>

namespace muster::collector {

/// A token taken apart. `secret_hash` is the SHA-256 of the secret's text: all that is stored or compared.
struct TokenParts {
    std::string id;
    std::string secret_hash;
};

/// A new token: what the bearer gets, and what is kept.
struct MadeToken {
    Secret token;
    TokenParts parts;
};

/// `jt1.<id>.<secret>.<pin>`: 256 random bits, and the pin of the collector's authority.
MadeToken make_join_token(Random& random, std::string_view pin);
/// `it1.<id>.<secret>`
MadeToken make_api_token(Random& random);
/// `se1.<id>.<secret>`
MadeToken make_session_cookie(Random& random);

/// `refused` for anything of another form; the text is never repeated in the error.
Result<TokenParts> parse_join_token(const Secret& token);
Result<TokenParts> parse_api_token(const Secret& token);
Result<TokenParts> parse_session_cookie(const Secret& cookie);

}  // namespace muster::collector
