#include "collector/api/class_catalog.hpp"
#include "collector/api/find_store.hpp"
#include "collector/api/graph_store.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/moment.hpp"
#include "collector/api/of_ci.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/past_store.hpp"

namespace muster::collector {

namespace {

constexpr std::size_t longest_search = 256;

using FoundList = Result<json::array>;
using FoundObject = std::optional<json::object>;

json::object list_json(json::array items) {
    const auto total = static_cast<std::int64_t>(items.size());
    return {{"items", std::move(items)}, {"next_cursor", nullptr}, {"total_estimate", total}};
}

}  // namespace

Task<HttpResponse> show_ci(Call call) {
    const Result<Moment> moment = moment_of(call);
    if (!moment) {
        co_return bad_parameter(moment.error());
    }
    const bool is_past = asks_for_the_past(call);
    std::function<Result<FoundObject>(StateConnection&, const std::string&)> show =
        [scope = call.actor.scope,
         moment = *moment,
         is_past](StateConnection& connection, const std::string& id) -> Result<FoundObject> {
        Result<FoundObject> ci = read_ci(connection, scope, id);
        if (!is_past || !ci || !ci->has_value()) {
            return ci;
        }
        FoundList attributes = read_attributes_at(connection, id, moment);
        if (!attributes) {
            return failure(attributes.error());
        }
        (**ci)["attributes"] = std::move(*attributes);
        return ci;
    };
    const std::string name = call.path.at("id");
    Task<Result<FoundObject>> asking = read_of_ci(std::move(call), name, std::move(show));
    const Result<FoundObject> found = co_await std::move(asking);
    if (!found) {
        co_return problem_of(found.error());
    }
    if (!found->has_value()) {
        co_return problem(404, "there is nothing with this id or name: " + name);
    }
    co_return json_answer(**found);
}

Task<HttpResponse> ci_relations(Call call) {
    const Result<Moment> moment = moment_of(call);
    if (!moment) {
        co_return bad_parameter(moment.error());
    }
    const std::string type = parameter(call, "type");
    if (!type.empty() && call.context->configuration()->model()->relation(type) == nullptr) {
        co_return problem(400, "there is no kind of relation \"" + type + "\"");
    }
    std::function<FoundList(StateConnection&, const std::string&)> related =
        [scope = call.actor.scope, type, moment = *moment](
            StateConnection& connection, const std::string& id
        ) { return read_relations(connection, scope, id, type, moment); };
    std::string name = call.path.at("id");
    Task<FoundList> asking = read_of_ci(std::move(call), std::move(name), std::move(related));
    FoundList found = co_await std::move(asking);
    co_return found ? json_answer(list_json(std::move(*found))) : problem_of(found.error());
}

Task<HttpResponse> ci_history(Call call) {
    const Result<PageRequest> page = page_request(call.query, "history", 3);
    if (!page) {
        co_return bad_parameter(page.error());
    }
    std::function<Result<Page>(StateConnection&, const std::string&)> past =
        [scope = call.actor.scope, page = *page](
            StateConnection& connection, const std::string& id
        ) { return read_history(connection, scope, id, page); };
    std::string name = call.path.at("id");
    Task<Result<Page>> asking = read_of_ci(std::move(call), std::move(name), std::move(past));
    Result<Page> found = co_await std::move(asking);
    co_return found ? page_answer(std::move(*found), "history") : problem_of(found.error());
}

namespace {

Task<HttpResponse> find_in_the_past(Call call, std::string text) {
    const Result<Moment> moment = moment_of(call);
    if (!moment) {
        co_return bad_parameter(moment.error());
    }
    if (text.starts_with("INC-") || text.starts_with("inc-")) {
        constexpr const char* why =
            "an incident has times of its own and is found by its number; expected neither at nor "
            "known_at beside it";
        co_return bad_parameter(Error(ErrorKind::invalid, why, "q"));
    }
    std::function<FoundList(StateConnection&)> work =
        [scope = call.actor.scope, text, moment = *moment](StateConnection& connection) {
            return find_at(connection, scope, text, moment);
        };
    Task<FoundList> asking = call.context->state->query<json::array>(std::move(work));
    FoundList found = co_await std::move(asking);
    if (!found) {
        co_return problem_of(found.error());
    }
    json::object answer = list_json(std::move(*found));
    answer["close"] = json::array();  // names of now are no help in the past
    co_return json_answer(answer);
}

}  // namespace

Task<HttpResponse> find_by_value(Call call) {
    const std::string text = parameter(call, "q");
    if (text.empty() || text.size() > longest_search) {
        co_return problem(
            400, "q: expected a MAC or IP address, a serial number, a name or an incident"
        );
    }
    if (asks_for_the_past(call)) {
        Task<HttpResponse> reading = find_in_the_past(std::move(call), text);
        co_return co_await std::move(reading);
    }
    std::function<Result<json::object>(StateConnection&)> work =
        [scope = call.actor.scope, text](StateConnection& connection) -> Result<json::object> {
        FoundList whole = find_anything(connection, scope, text);
        if (!whole) {
            return failure(whole.error());
        }
        FoundList close;
        if (whole->empty()) {
            close = find_close(connection, scope, text);
        }
        if (!close) {
            return failure(close.error());
        }
        json::object answer = list_json(std::move(*whole));
        answer["close"] = std::move(*close);
        return answer;
    };
    Task<Result<json::object>> asking = call.context->state->query<json::object>(std::move(work));
    const Result<json::object> found = co_await std::move(asking);
    co_return found ? json_answer(*found) : problem_of(found.error());
}

Task<HttpResponse> list_duplicates(Call call) {
    const Result<PageRequest> page = page_request(call.query, "duplicates", 2);
    if (!page) {
        co_return bad_parameter(page.error());
    }
    std::function<Result<Page>(StateConnection&)> work =
        [scope = call.actor.scope, page = *page](StateConnection& connection) {
            return read_duplicates(connection, scope, page);
        };
    Task<Result<Page>> asking = call.context->state->query<Page>(std::move(work));
    Result<Page> found = co_await std::move(asking);
    co_return found ? page_answer(std::move(*found), "duplicates") : problem_of(found.error());
}

Task<HttpResponse> list_classes(Call call) {
    co_return json_answer(classes_json(*call.context->configuration()->model()));
}

}  // namespace muster::collector
