#include "base/bytes.hpp"
#include "collector/api/access_json.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/page.hpp"
#include "collector/api/parameters.hpp"
#include "collector/enrolment/access_store.hpp"

#include <charconv>
#include <utility>

namespace muster::collector {

namespace {

Result<AuditFilter> filter_of(const Call& call, const PageRequest& page) {
    AuditFilter filter;
    filter.actor = parameter(call, "actor");
    filter.action = parameter(call, "action");
    const WallTime now = call.context->clock->wall();
    const Result<WallTime> from = time_parameter(call, "from", now);
    const Result<WallTime> to = time_parameter(call, "to", now);
    if (!from || !to) {
        return failure(!from ? from.error() : to.error());
    }
    if (!parameter(call, "from").empty()) {
        filter.from = *from;
    }
    if (!parameter(call, "to").empty()) {
        filter.to = *to;
    }
    if (!page.after.empty()) {
        const std::string& text = page.after.front();
        const auto [end, wrong] =
            std::from_chars(text.data(), text.data() + text.size(), filter.before);
        if (wrong != std::errc{} || end != text.data() + text.size() || filter.before < 1) {
            return failure(ErrorKind::invalid, "expected the next_cursor of a page", "cursor");
        }
    }
    filter.limit = page.limit + 1;
    return filter;
}

}  // namespace

Task<HttpResponse> list_audit(Call call) {
    const Result<PageRequest> page = page_request(call.query, "audit", 1);
    if (!page) {
        co_return bad_parameter(page.error());
    }
    const Result<AuditFilter> filter = filter_of(call, *page);
    if (!filter) {
        co_return bad_parameter(filter.error());
    }
    std::function<Result<std::vector<AuditRow>>(AccessDesk&)> work =
        [filter = *filter](AccessDesk& desk) { return desk.store.audit().list(filter); };
    Result<std::vector<AuditRow>> rows =
        co_await call.context->access.query<std::vector<AuditRow>>(std::move(work));
    if (!rows) {
        co_return problem_of(rows.error());
    }
    Page found;
    if (std::ssize(*rows) > page->limit) {
        rows->pop_back();
        found.next = {std::to_string(rows->back().id)};
    }
    for (const AuditRow& row : *rows) {
        found.items.push_back(audit_json(row));
    }
    found.total = std::ssize(found.items);
    co_return page_answer(std::move(found), "audit");
}

Task<HttpResponse> verify_audit(Call call) {
    std::function<Result<AuditVerdict>(AccessDesk&)> work = [](AccessDesk& desk) {
        return desk.store.audit().verify();
    };
    const Result<AuditVerdict> verdict =
        co_await call.context->access.query<AuditVerdict>(std::move(work));
    if (!verdict) {
        co_return problem_of(verdict.error());
    }
    json::object body{
        {"intact", !verdict->broken.has_value()},
        {"rows", verdict->rows},
        {"head", json_text(to_hex(verdict->head))},
        {"first_broken", nullptr},
        {"why", nullptr}
    };
    if (verdict->broken) {
        body["first_broken"] = audit_json(*verdict->broken);
        body["why"] = json_text(verdict->why);
    }
    co_return json_answer(body);
}

}  // namespace muster::collector
