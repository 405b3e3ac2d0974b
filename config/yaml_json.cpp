#include "config/yaml_json.hpp"

#include <boost/json.hpp>

#include <charconv>

namespace muster::config {

namespace {

namespace json = boost::json;

json::value scalar_json(const YamlNode& node) {
    if (node.style == YamlStyle::quoted) {
        return json::value(node.text);
    }
    if (node.text == "true" || node.text == "false") {
        return json::value(node.text == "true");
    }
    std::int64_t number = 0;
    const char* const end = node.text.data() + node.text.size();
    const auto read = std::from_chars(node.text.data(), end, number);
    // "007" and "0x1f" are texts to whoever reads the file: only what is written the same again is a number.
    if (read.ec == std::errc() && read.ptr == end && std::to_string(number) == node.text) {
        return json::value(number);
    }
    return json::value(node.text);
}

}  // namespace

json::value to_json(const YamlNode& node) {
    switch (node.kind) {
        case YamlKind::null:
            return nullptr;
        case YamlKind::scalar:
            return scalar_json(node);
        case YamlKind::sequence: {
            json::array out;
            for (const YamlNode& item : node.items) {
                out.push_back(to_json(item));
            }
            return out;
        }
        case YamlKind::map:
            break;
    }
    json::object out;
    for (std::size_t at = 0; at < node.keys.size(); ++at) {
        out[node.keys[at].name] = to_json(node.items[at]);
    }
    return out;
}

}  // namespace muster::config
