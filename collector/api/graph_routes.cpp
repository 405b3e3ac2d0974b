#include "cmdb/shipped_model.hpp"
#include "collector/api/ci_store.hpp"
#include "collector/api/class_catalog.hpp"
#include "collector/api/graph_store.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/parameters.hpp"

#include <charconv>
#include <limits>

namespace muster::collector {

namespace {

constexpr std::size_t longest_search = 256;

using FoundList = Result<json::array>;
using FoundObject = std::optional<json::object>;

Result<Moment> moment_of(const Call& call) {
    const Result<WallTime> at = time_parameter(call, "at", call.context->clock->wall());
    if (!at) {
        return failure(at.error());
    }
    Moment moment{to_ns(*at), std::numeric_limits<std::int64_t>::max()};
    const std::string text = parameter(call, "known_at");
    if (!text.empty()) {
        const auto [end, problem] =
            std::from_chars(text.data(), text.data() + text.size(), moment.known_at);
        if (problem != std::errc{} || end != text.data() + text.size() || moment.known_at < 0) {
            return failure(ErrorKind::invalid, "expected a position of the journal", "known_at");
        }
    }
    return moment;
}

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
    const bool is_past = !parameter(call, "at").empty() || !parameter(call, "known_at").empty();
    std::function<Result<FoundObject>(StateConnection&)> work =
        [scope = call.actor.scope, name = call.path.at("id"), moment = *moment, is_past](
            StateConnection& connection
        ) -> Result<FoundObject> {
        const Result<std::string> id = find_ci(connection, scope, name);
        if (!id) {
            return failure(id.error());
        }
        Result<FoundObject> ci = read_ci(connection, scope, *id);
        if (!is_past || !ci || !ci->has_value()) {
            return ci;
        }
        FoundList attributes = read_attributes_at(connection, *id, moment);
        if (!attributes) {
            return failure(attributes.error());
        }
        (**ci)["attributes"] = std::move(*attributes);
        return ci;
    };
    Task<Result<FoundObject>> asking = call.context->state->query<FoundObject>(std::move(work));
    const Result<FoundObject> found = co_await std::move(asking);
    if (!found) {
        co_return problem_of(found.error());
    }
    if (!found->has_value()) {
        co_return problem(404, "there is nothing with this id or name: " + call.path.at("id"));
    }
    co_return json_answer(**found);
}

Task<HttpResponse> ci_relations(Call call) {
    const Result<Moment> moment = moment_of(call);
    if (!moment) {
        co_return bad_parameter(moment.error());
    }
    const std::string type = parameter(call, "type");
    if (!type.empty() && cmdb::shipped_model().relation(type) == nullptr) {
        co_return problem(400, "there is no kind of relation \"" + type + "\"");
    }
    std::function<FoundList(StateConnection&)> work =
        [scope = call.actor.scope, name = call.path.at("id"), type, moment = *moment](
            StateConnection& connection
        ) -> FoundList {
        const Result<std::string> id = find_ci(connection, scope, name);
        if (!id) {
            return failure(id.error());
        }
        return read_relations(connection, scope, *id, type, moment);
    };
    Task<FoundList> asking = call.context->state->query<json::array>(std::move(work));
    FoundList found = co_await std::move(asking);
    co_return found ? json_answer(list_json(std::move(*found))) : problem_of(found.error());
}

Task<HttpResponse> ci_history(Call call) {
    const Result<PageRequest> page = page_request(call.query, "history", 3);
    if (!page) {
        co_return bad_parameter(page.error());
    }
    std::function<Result<Page>(StateConnection&)> work = [scope = call.actor.scope,
                                                          name = call.path.at("id"),
                                                          page = *page](StateConnection& connection
                                                         ) -> Result<Page> {
        const Result<std::string> id = find_ci(connection, scope, name);
        if (!id) {
            return failure(id.error());
        }
        return read_history(connection, scope, *id, page);
    };
    Task<Result<Page>> asking = call.context->state->query<Page>(std::move(work));
    Result<Page> found = co_await std::move(asking);
    co_return found ? page_answer(std::move(*found), "history") : problem_of(found.error());
}

Task<HttpResponse> find_by_value(Call call) {
    const std::string text = parameter(call, "q");
    if (text.empty() || text.size() > longest_search) {
        co_return problem(
            400, "q: expected a MAC or IP address, a serial number, a name or an incident"
        );
    }
    std::function<FoundList(StateConnection&)> work = [scope = call.actor.scope,
                                                       text](StateConnection& connection) {
        return find_anything(connection, scope, text);
    };
    Task<FoundList> asking = call.context->state->query<json::array>(std::move(work));
    FoundList found = co_await std::move(asking);
    co_return found ? json_answer(list_json(std::move(*found))) : problem_of(found.error());
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
    (void)call;
    co_return json_answer(classes_json(cmdb::shipped_model()));
}

}  // namespace muster::collector
