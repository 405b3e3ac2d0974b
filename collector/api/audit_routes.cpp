#include "base/bytes.hpp"
#include "collector/api/access_json.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/list_rules.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/rows.hpp"
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
    filter.limit = (page.q ? looked_at_most : page.limit) + 1;
    return filter;
}

/// `rows` may hold one more than were to be looked at, which tells that there is a next page.
Page page_of_rows(std::vector<AuditRow> rows, const PageRequest& request, std::int64_t looked_at) {
    Page page;
    bool is_more = std::ssize(rows) > looked_at;
    if (is_more) {
        rows.pop_back();
    }
    for (const AuditRow& row : rows) {
        json::object item = audit_json(row);
        const auto fields = [&item](std::string_view name) { return field_of(item, name); };
        if (request.q && !request.q->matches(fields)) {
            continue;
        }
        if (std::ssize(page.items) == request.limit) {
            is_more = true;
            break;
        }
        page.items.emplace_back(std::move(item));
        page.next = {std::to_string(row.id)};
    }
    if (is_more && std::ssize(page.items) < request.limit) {
        page.next = {std::to_string(rows.back().id)};
    }
    if (!is_more) {
        page.next.clear();
    }
    count_page(page, request, std::ssize(page.items));
    return page;
}

}  // namespace

Task<HttpResponse> list_audit(Call call) {
    const Result<PageRequest> page = page_request(call.query, audit_list());
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
    co_return page_answer(page_of_rows(std::move(*rows), *page, filter->limit - 1), "audit");
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
