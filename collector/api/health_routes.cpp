#include "collector/api/handlers.hpp"
#include "collector/api/json.hpp"

namespace muster::collector {

// NOLINTNEXTLINE(misc-unused-parameters): the shape of every handler
Task<HttpResponse> healthz(Call) {
    co_return json_answer(json::object{{"status", "ok"}});
}

Task<HttpResponse> readyz(Call call) {
    const auto strict = call.query.find("strict");
    const bool is_strict = strict != call.query.end() && strict->second != "0";
    bool ready = true;
    json::array checks;
    for (const HealthCheck& check : call.context->health()) {
        ready = ready && (check.ready || (check.strict_only && !is_strict));
        checks.push_back(json::object{
            {"name", json_text(check.name)},
            {"ready", check.ready},
            {"detail", json_text(check.detail)}
        });
    }
    const json::object body{{"ready", ready}, {"checks", std::move(checks)}};
    co_return json_answer(body, ready ? 200 : 503);
}

}  // namespace muster::collector
