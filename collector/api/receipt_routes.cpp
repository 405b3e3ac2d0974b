#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/of_ci.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/receipt_store.hpp"

#include <array>
#include <functional>
#include <string_view>
#include <utility>

namespace muster::collector {

namespace {

/// Whatever the brain withholds a page for; docs/openapi.yaml has them too.
constexpr std::array<std::string_view, 16> reasons{
    "agent is heard",
    "channel removed",
    "detected late",
    "host down",
    "maintenance window",
    "merged",
    "no channel",
    "no channel matches",
    "planned stop",
    "quorum",
    "recovered within hold",
    "restored",
    "site cut off",
    "storm",
    "unproven",
    "vantage isolated"
};

constexpr Duration default_span = std::chrono::hours(24);
/// "now" has taken its way to us.
constexpr Duration least_past = std::chrono::seconds(5);

}  // namespace

Task<HttpResponse> list_receipts(Call call) {
    const Result<PageRequest> page = page_request(call.query, receipt_list());
    if (!page) {
        co_return bad_parameter(page.error());
    }
    const WallTime now = call.context->clock->wall();
    const Result<WallTime> from = time_parameter(call, "from", now - default_span);
    const Result<WallTime> to = time_parameter(call, "to", now + std::chrono::hours(1));
    if (!from || !to) {
        co_return bad_parameter(!from ? from.error() : to.error());
    }
    const Result<std::string> reason = choice_parameter(call, "reason", reasons);
    if (!reason) {
        co_return bad_parameter(reason.error());
    }
    ReceiptFilter filter{.ci = {}, .reason = *reason, .from = *from, .to = *to};
    Task<Result<Page>> asking =
        read_list_of_ci(std::move(call), std::move(filter), *page, read_receipts);
    Result<Page> found = co_await std::move(asking);
    co_return found ? page_answer(std::move(*found), "receipts") : problem_of(found.error());
}

Task<HttpResponse> ci_why(Call call) {
    const WallTime now = call.context->clock->wall();
    const Result<WallTime> at = time_parameter(call, "at", now);
    if (!at) {
        co_return bad_parameter(at.error());
    }
    const WhyQuestion question{
        .at = *at,
        .tense = *at > now - least_past ? WhyQuestion::Tense::present : WhyQuestion::Tense::past,
        .silent_incident_after =
            call.context->configuration()->running().process.silent_incident_after
    };
    std::function<Result<json::object>(StateConnection&, const std::string&)> why =
        [scope = call.actor.scope, question](StateConnection& connection, const std::string& id) {
            return read_ci_why(connection, scope, id, question);
        };
    std::string name = call.path.at("id");
    Task<Result<json::object>> asking =
        read_of_ci(std::move(call), std::move(name), std::move(why));
    const Result<json::object> found = co_await std::move(asking);
    co_return found ? json_answer(*found) : problem_of(found.error());
}

}  // namespace muster::collector
