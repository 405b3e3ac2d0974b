#include "ctl/declared_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace muster::ctl {

namespace {

/// Told in words before the rest of a probe.
constexpr std::array<std::string_view, 4> told = {"type", "name", "interval", "timeout"};

/// "http every 5s, at most 5s; url: https://intranet/; expect: {status: 200}"
std::string probe_text(const json::value& probe) {
    const std::string type = text_of(probe, "type");
    const std::string name = text_of(probe, "name");
    const std::string interval = text_of(probe, "interval");
    const std::string timeout = text_of(probe, "timeout");
    std::string out = name.empty() || name == type ? type : fmt::format("{} ({})", name, type);
    out += interval.empty() ? "" : " every " + interval;
    out += timeout.empty() ? "" : ", at most " + timeout;
    if (const json::object* object = probe.if_object(); object != nullptr) {
        for (const auto& [member, value] : *object) {
            if (std::ranges::find(told, std::string_view(member)) == told.end()) {
                out += fmt::format("; {}: {}", std::string_view(member), flow_text(value));
            }
        }
    }
    return out;
}

}  // namespace

std::string flow_text(const json::value& value) {
    std::string out;
    if (const json::array* items = value.if_array(); items != nullptr) {
        for (const json::value& item : *items) {
            out += (out.empty() ? "" : ", ") + flow_text(item);
        }
        return "[" + out + "]";
    }
    if (const json::object* object = value.if_object(); object != nullptr) {
        for (const auto& [member, item] : *object) {
            out += (out.empty() ? "" : ", ") + std::string(member) + ": " + flow_text(item);
        }
        return "{" + out + "}";
    }
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

void add_declared(Table& table, const json::value& object) {
    for (const json::value& probe : items_of(object, "probes")) {
        table.rows.push_back({{"probe", Tone::quiet}, {probe_text(probe)}});
    }
    for (const char* member : {"each", "from", "breach", "recover", "flapping"}) {
        if (const json::value& value = member_of(object, member); !value.is_null()) {
            table.rows.push_back({{member, Tone::quiet}, {flow_text(value)}});
        }
    }
}

}  // namespace muster::ctl
