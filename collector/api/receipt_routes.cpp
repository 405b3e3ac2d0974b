#include "collector/api/ci_store.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/receipt_store.hpp"

#include <functional>
#include <utility>

namespace muster::collector {

namespace {

constexpr Duration default_span = std::chrono::hours(24);

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
    ReceiptFilter filter{.ci = {}, .reason = parameter(call, "reason"), .from = *from, .to = *to};
    std::function<Result<Page>(StateConnection&)> work =
        [scope = call.actor.scope, ci = parameter(call, "ci"), page = *page, filter](
            StateConnection& connection
        ) mutable -> Result<Page> {
        if (!ci.empty()) {
            Result<std::string> id = find_ci(connection, scope, ci);
            if (!id) {
                return failure(id.error());
            }
            filter.ci = std::move(*id);
        }
        return read_receipts(connection, scope, filter, page);
    };
    Result<Page> found = co_await call.context->state->query<Page>(std::move(work));
    co_return found ? page_answer(std::move(*found), "receipts") : problem_of(found.error());
}

Task<HttpResponse> ci_why(Call call) {
    const Result<WallTime> at = time_parameter(call, "at", call.context->clock->wall());
    if (!at) {
        co_return bad_parameter(at.error());
    }
    std::function<Result<json::object>(StateConnection&)> work =
        [scope = call.actor.scope, name = call.path.at("id"), at = *at](StateConnection& connection
        ) -> Result<json::object> {
        const Result<std::string> id = find_ci(connection, scope, name);
        if (!id) {
            return failure(id.error());
        }
        return read_ci_why(connection, scope, *id, at);
    };
    const Result<json::object> found =
        co_await call.context->state->query<json::object>(std::move(work));
    co_return found ? json_answer(*found) : problem_of(found.error());
}

}  // namespace muster::collector
