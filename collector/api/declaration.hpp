// Owns: what an answer about one object of what to watch has of its declaration, and what of such an answer is one. Leaves to
// declared_object.hpp: asking for it and taking it.
#pragma once

#include "collector/api/json.hpp"
#include "config/watch.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace muster::collector {

/// The element `name` of `list` ("policies") as it is declared; nothing where none is. Secrets are {file: …} there, too.
std::optional<json::object> declaration_of(
    std::span<const config::ConfigText> texts, std::string_view list, const std::string& name
);

/// `shown` with each member as it is declared, where it is; those that are not declared stay as what they come to, but null
/// where that is nothing.
json::object with_declaration(
    json::object shown, const json::object& declared, std::string_view list
);

/// Takes out of `given` what an answer has and a declaration has not, so that an answer that is sent back as it was changes
/// nothing: what is read only, null, and what is not `declared` and still as it is `shown`.
void keep_declaration(
    json::object& given,
    const json::object& shown,
    const json::object& declared,
    std::string_view list
);

}  // namespace muster::collector
