// Owns: what a join token demands of whoever uses it: which names an agent may take, and from where it may come. Values, no rows.
// Leaves to access_store.hpp: the tokens.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

inline constexpr std::size_t most_source_ranges = 32;

/// Names stand in tables, messages and configuration: letters, digits, '-', '_' and '.', at most 128.
bool is_good_agent_name(std::string_view name);

/// Whether a token's name stands for several: '*' any characters, '?' one.
bool is_name_pattern(std::string_view name);
/// `invalid` says what a name, or a pattern of names, may be made of.
Status check_token_name(std::string_view name);
/// Whether an agent of this name may use a token of that name; a name without a wildcard is the one name.
bool fits_pattern(std::string_view pattern, std::string_view name);

/// "10.0.0.0/8", "2001:db8::/32", or one address. Gives the text to keep; `invalid` says what is wrong, and which network was meant
/// where the address has bits beyond its prefix.
Result<std::string> read_source_range(std::string_view text);
/// Whether a client that comes from `peer` ("192.0.2.7:40312", "[2001:db8::7]:40312") is within one of the ranges, as
/// read_source_range gave them. Without ranges everybody is.
bool comes_from(const std::vector<std::string>& ranges, std::string_view peer);

}  // namespace muster::collector
