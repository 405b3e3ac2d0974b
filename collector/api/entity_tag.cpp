#include "collector/api/entity_tag.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

constexpr std::size_t tag_bytes = 12;

void skip_blanks(std::string_view& text) {
    while (text.starts_with(' ') || text.starts_with('\t')) {
        text.remove_prefix(1);
    }
}

}  // namespace

std::string entity_tag_of(std::string_view body) {
    return "\"" + to_base64url(sha256(body).substr(0, tag_bytes)) + "\"";
}

std::optional<std::vector<std::string>> parse_entity_tags(std::string_view header) {
    std::vector<std::string> tags;
    skip_blanks(header);
    if (header == "*") {
        return std::vector<std::string>{"*"};
    }
    while (!header.empty()) {
        if (header.starts_with("W/")) {
            header.remove_prefix(2);
        }
        const std::size_t end = header.starts_with('"') ? header.find('"', 1) : header.npos;
        if (end == header.npos) {
            return std::nullopt;
        }
        tags.emplace_back(header.substr(0, end + 1));
        header.remove_prefix(end + 1);
        skip_blanks(header);
        if (header.starts_with(',')) {
            header.remove_prefix(1);
            skip_blanks(header);
        } else if (!header.empty()) {
            return std::nullopt;
        }
    }
    return tags.empty() ? std::nullopt : std::optional(std::move(tags));
}

bool names_entity_tag(std::string_view header, std::string_view tag) {
    const auto tags = parse_entity_tags(header);
    return tags && std::ranges::any_of(*tags, [tag](const std::string& one) {
               return one == "*" || one == tag;
           });
}

}  // namespace muster::collector
