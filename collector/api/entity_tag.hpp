// Owns: entity tags: those of records without a version of their own, and what If-Match and If-None-Match say (RFC 9110 §13.1).
// Leaves to the brain and the stores: versions of incidents and users.
#pragma once

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// "\"…\"": the same for the same text.
std::string entity_tag_of(std::string_view body);

/// The tags of a header in quotes, weak ones without their W/; {"*"} for any. Nothing where it is something else.
std::optional<std::vector<std::string>> parse_entity_tags(std::string_view header);

/// Whether `tag`, in its quotes, is among those of a header that can be read.
bool names_entity_tag(std::string_view header, std::string_view tag);

}  // namespace muster::collector
