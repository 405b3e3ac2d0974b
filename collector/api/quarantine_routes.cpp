#include "base/bytes.hpp"
#include "collector/api/agent_store.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/rows.hpp"
#include "collector/journal/quarantine.hpp"

#include <map>
#include <utility>

namespace muster::collector {

namespace {

/// More than anybody reads; what is older is still there, by its id.
constexpr std::size_t most_listed = 10'000;

using Names = std::map<std::string, json::value>;

/// The agent's name in the record, null where it is not known there.
Result<json::value> name_of(StateConnection& connection, AgentId agent, Names& known) {
    const auto [found, is_new] = known.try_emplace(std::string(agent.raw()));
    if (is_new) {
        auto read = read_agent_name(connection, std::string(agent.raw()));
        if (!read) {
            return failure(read.error());
        }
        found->second = std::move(*read);
    }
    return found->second;
}

Result<json::object> set_aside_json(
    StateConnection& connection, const SetAsideRecord& found, Names& names
) {
    Result<json::value> name = name_of(connection, found.record.agent, names);
    if (!name) {
        return failure(name.error());
    }
    return json::object{
        {"id", json_text(found.place.text())},
        {"agent",
         json::object{{"id", json_text(found.record.agent.text())}, {"name", std::move(*name)}}},
        {"spool", json_text(found.record.spool.text())},
        {"seq", found.record.seq},
        {"at", json_time(found.at)},
        {"why", json_text(found.record.why)},
        {"bytes", found.bytes}
    };
}

Result<json::array> read_list(StateConnection& connection, const std::string& journal) {
    const auto found = list_quarantine(journal, most_listed);
    if (!found) {
        return failure(found.error());
    }
    json::array items;
    Names names;
    for (const SetAsideRecord& each : *found) {
        Result<json::object> item = set_aside_json(connection, each, names);
        if (!item) {
            return failure(item.error());
        }
        items.emplace_back(std::move(*item));
    }
    return items;
}

Result<std::optional<json::object>> read_one(
    StateConnection& connection, const std::string& journal, QuarantinePlace place
) {
    const auto found = read_quarantined(journal, place);
    if (!found) {
        return failure(found.error());
    }
    if (!*found) {
        return std::nullopt;
    }
    Names names;
    Result<json::object> item = set_aside_json(connection, **found, names);
    if (!item) {
        return failure(item.error());
    }
    item->emplace("payload", to_base64url((*found)->record.payload));
    return std::move(*item);
}

}  // namespace

Task<HttpResponse> list_quarantine(Call call) {
    std::function<Result<json::array>(StateConnection&)> work =
        [journal = call.context->journal](StateConnection& connection) {
            return read_list(connection, journal);
        };
    Task<Result<json::array>> asking = call.context->state->query<json::array>(std::move(work));
    Result<json::array> items = co_await std::move(asking);
    co_return items ? whole_list(call.query, quarantine_list(), std::move(*items), "id")
                    : problem_of(items.error());
}

Task<HttpResponse> show_quarantined(Call call) {
    const std::optional<QuarantinePlace> place = QuarantinePlace::parse(call.path.at("id"));
    if (!place) {
        co_return problem(404, "no record of this id is set aside");
    }
    std::function<Result<std::optional<json::object>>(StateConnection&)> work =
        [journal = call.context->journal, place = *place](StateConnection& connection) {
            return read_one(connection, journal, place);
        };
    Task<Result<std::optional<json::object>>> asking =
        call.context->state->query<std::optional<json::object>>(std::move(work));
    const Result<std::optional<json::object>> found = co_await std::move(asking);
    if (!found) {
        co_return problem_of(found.error());
    }
    co_return found->has_value() ? json_answer(**found)
                                 : problem(404, "no record of this id is set aside");
}

}  // namespace muster::collector
