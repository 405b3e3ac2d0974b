#include "collector/api/explain.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/of_ci.hpp"
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
    std::function<Result<json::object>(StateConnection&, const std::string&)> explain =
        [scope = call.actor.scope,
         question,
         watch](StateConnection& connection, const std::string& id) mutable {
            question.ci = id;
            return explain_probes(connection, scope, connection.model(), *watch, question);
        };
    std::string name = call.path.at("id");
    Task<Result<json::object>> asking =
        read_of_ci(std::move(call), std::move(name), std::move(explain));
    const Result<json::object> answer = co_await std::move(asking);
    if (!answer) {
        co_return problem_of(answer.error());
    }
    if (answer->at("items").as_array().empty()) {
        co_return problem(404, "this CI has no probe with this name or id: " + question.probe);
    }
    co_return json_answer(*answer);
}

}  // namespace muster::collector
