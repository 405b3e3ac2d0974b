#include "collector/api/channel_store.hpp"

#include "collector/api/rows.hpp"

#include <array>

namespace muster::collector {

namespace {

constexpr NamedQuery all{
    "channels.all",
    R"(SELECT name, type, target, match, rate_messages, rate_per_ms, state, state_since, failures,
              last_error, delivered, waiting, merged
       FROM channel ORDER BY position)"
};
constexpr NamedQuery one{
    "channels.one",
    R"(SELECT name, type, target, match, rate_messages, rate_per_ms, state, state_since, failures,
              last_error, delivered, waiting, merged
       FROM channel WHERE name = ?1)"
};

constexpr std::array queries{all, one};

json::object channel_json(const Statement& row) {
    const Duration per = std::chrono::milliseconds(row.integer(5));
    json::object channel;
    channel["name"] = json_text(row, 0);
    channel["type"] = json_text(row, 1);
    channel["target"] = json_text(row, 2);
    channel["match"] = json_text(row, 3);
    channel["rate"] =
        json::object{{"messages", row.integer(4)}, {"per", json_text(format_duration(per))}};
    channel["state"] = json_text(row, 6);
    channel["state_since"] = json_time(row, 7);
    channel["failures"] = row.integer(8);
    channel["last_error"] = json_text(row, 9);
    channel["last_delivered"] = json_time(row, 10);
    channel["waiting"] = row.integer(11);
    channel["merged"] = row.integer(12);
    return channel;
}

}  // namespace

Result<json::array> read_channels(StateConnection& connection) {
    return list_rows(
        connection,
        all,
        [](Statement&) {},
        [](const Statement& row) -> json::value { return channel_json(row); }
    );
}

Result<std::optional<json::object>> read_channel_row(
    StateConnection& connection, const std::string& name
) {
    return one_row(
        connection, one, [&](Statement& statement) { statement.bind_text(0, name); }, channel_json
    );
}

std::span<const NamedQuery> channel_queries() {
    return queries;
}

}  // namespace muster::collector
