#include "config/query_reader.hpp"

#include "config/values.hpp"

#include <fmt/format.h>

namespace muster::config {

namespace {

/// Where in the file a place of a one-line text is; quotes take a column.
Position inside(const YamlNode& node, std::size_t column) {
    Position at = node.at;
    at.column += static_cast<int>(column) - 1 + (node.style == YamlStyle::quoted ? 1 : 0);
    return at;
}

}  // namespace

void wrong_query(
    const Source& source, std::string_view key, const YamlNode& node, const std::string& what
) {
    constexpr std::string_view prefix = "column ";
    const std::size_t colon = what.find(": ");
    const auto column =
        colon == std::string::npos
            ? Result<std::int64_t>(0)
            : parse_integer(std::string_view(what).substr(prefix.size(), colon - prefix.size()));
    const bool one_line = node.text.find('\n') == std::string::npos;
    if (column && *column > 0 && one_line) {
        source.wrong(
            inside(node, static_cast<std::size_t>(*column)),
            fmt::format("{}: {}", key, what.substr(colon + 2))
        );
        return;
    }
    source.wrong(node.at, fmt::format("{}: {}", key, what));
}

Query read_query(const Source& source, const MapReader& reader, std::string_view key) {
    std::string text;
    reader.read(key, text);
    if (text.empty()) {
        return {};
    }
    Result<Query> query = Query::parse(text);
    if (!query) {
        wrong_query(source, key, *reader.find(key), query.error().what());
        return {};
    }
    return std::move(*query);
}

}  // namespace muster::config
