#include "cmdb/shipped_model.hpp"
#include "collector/api/ci_store.hpp"
#include "collector/api/explain.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/parameters.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace muster::collector {

Task<HttpResponse> explain_probe(Call call) {
    // Read beside the loop, which may take another configuration meanwhile: shared by this call and its work.
    const auto watch =
        std::make_shared<const config::Watch>(call.context->configuration()->running().watch);
    ExplainQuestion question{{}, call.path.at("probe"), parameter(call, "metric")};
    std::function<Result<json::object>(StateConnection&)> work =
        [scope = call.actor.scope, ci = call.path.at("id"), question, watch](
            StateConnection& connection
        ) mutable -> Result<json::object> {
        Result<std::string> id = find_ci(connection, scope, ci);
        if (!id) {
            return failure(id.error());
        }
        question.ci = std::move(*id);
        return explain_probes(connection, scope, cmdb::shipped_model(), *watch, question);
    };
    const Result<json::object> answer =
        co_await call.context->state->query<json::object>(std::move(work));
    if (!answer) {
        co_return problem_of(answer.error());
    }
    if (answer->at("items").as_array().empty()) {
        co_return problem(404, "this CI has no probe with this name or id: " + question.probe);
    }
    co_return json_answer(*answer);
}

}  // namespace muster::collector
