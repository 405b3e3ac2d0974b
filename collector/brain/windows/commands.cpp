#include "collector/brain/windows/commands.hpp"

#include "base/uuid.hpp"
#include "cmdb/shipped_model.hpp"
#include "collector/brain/survivor.hpp"
#include "collector/brain/windows/windows.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr Duration longest_window = std::chrono::hours(24 * 366);
/// What was written a moment ago still begins now; earlier, the past would be rewritten.
constexpr Duration late_by = std::chrono::minutes(1);
constexpr std::size_t most_windows = 1000;
constexpr std::size_t longest_reason = 1000;

std::string etag_of(const Window& window) {
    return "\"" + std::to_string(window.version) + "\"";
}

/// `members` of one that has not begun: how many it would have now.
Verdict window_verdict(const Fold& fold, const Window& window, int status) {
    std::size_t members = window.phase == Window::Phase::planned ? would_cover(fold, window) : 0;
    for (const auto& [ci, member] : window.members) {
        members += member.to == WallTime{} ? 1 : 0;
    }
    const json::object body{
        {"number", window.number},
        {"id", window_name(window.number)},
        {"state", to_string(window.phase)},
        {"scope", window.scope},
        {"from", format_rfc3339(window.from)},
        {"to", format_rfc3339(window.to)},
        {"reason", window.reason},
        {"members", members}
    };
    return {.status = status, .body = json::serialize(body), .etag = etag_of(window)};
}

std::optional<Verdict> read_scope(const Fold& fold, const json::object& body, Window& window) {
    const State& state = fold.state;
    const std::string match = text_of(body, "match");
    const std::string ci = text_of(body, "ci");
    window.scope = text_of(body, "scope");
    if (match.empty() == ci.empty()) {
        return unacceptable("match", "expected either a query or one configuration item");
    }
    if (!match.empty()) {
        auto query = config::Query::parse(match);
        const Status known = query ? query->check(cmdb::ci_vocabulary(fold.model)) : Status{};
        if (!query || !known) {
            return unacceptable("match", !query ? query.error().what() : known.error().what());
        }
        window.match = std::move(*query);
    } else {
        const auto id = Uuid::parse(ci);
        const auto found = id ? state.ci_by_id.find(CiId{*id}) : state.ci_by_id.end();
        if (found == state.ci_by_id.end()) {
            return unacceptable("ci", "there is no such configuration item");
        }
        window.ci = survivor_of(state, found->second);
    }
    if (window.scope.empty()) {
        window.scope = match.empty() ? state.cis[window.ci].name : match;
    }
    if (const json::value* sites = body.if_contains("sites"); sites != nullptr) {
        window.is_everywhere = false;
        for (const json::value& site : sites->is_array() ? sites->get_array() : json::array{}) {
            if (site.is_string()) {
                window.sites.emplace_back(site.get_string());
            }
        }
    }
    return std::nullopt;
}

std::optional<Verdict> read_times(const Fold& fold, const json::object& body, Window& window) {
    window.from = fold.wall;
    if (const std::string text = text_of(body, "from"); !text.empty()) {
        const auto from = parse_rfc3339(text);
        if (!from) {
            return unacceptable("from", from.error().what());
        }
        if (*from < fold.wall - late_by) {
            return unacceptable("from", "it is over: a window is made before what it is for");
        }
        window.from = std::max(*from, fold.wall);
    }
    const std::uint64_t length = number_of(body, "for_ns");
    const std::string text = text_of(body, "to");
    if ((length != 0) == !text.empty()) {
        return unacceptable("to", "expected either an end or a duration");
    }
    const auto to =
        text.empty()
            ? Result<WallTime>(
                  window.from +
                  std::min(
                      Duration{static_cast<std::int64_t>(std::min<std::uint64_t>(length, INT64_MAX))
                      },
                      longest_window + late_by
                  )
              )
            : parse_rfc3339(text);
    if (!to) {
        return unacceptable("to", to.error().what());
    }
    window.to = *to;
    if (window.to <= window.from) {
        return unacceptable("to", "it lies before the beginning");
    }
    if (window.to - window.from > longest_window) {
        return unacceptable("to", "longer than 366 days");
    }
    return std::nullopt;
}

}  // namespace

Verdict create_window(Fold& fold, const CommandCall& call) {
    State& state = fold.state;
    const auto running = std::ranges::count_if(state.windows.all, [](const auto& each) {
        return each.second.ended == WallTime{};
    });
    if (static_cast<std::size_t>(running) >= most_windows) {
        return problem(
            409, "Conflict", "there are 1000 windows already; cancel what is not needed"
        );
    }
    Window window;
    if (const auto flaw = read_scope(fold, call.body, window)) {
        return *flaw;
    }
    if (const auto flaw = read_times(fold, call.body, window)) {
        return *flaw;
    }
    window.reason = text_of(call.body, "reason");
    if (window.reason.empty() || window.reason.size() > longest_reason) {
        return unacceptable("reason", "expected what is done in it, in at most 1000 bytes");
    }
    window.number = state.windows.next++;
    window.created = fold.wall;
    window.created_by = call.actor;
    window.version = fold.lsn;
    const CiId ci = window.match.text().empty() ? state.cis[window.ci].id : CiId{};
    const std::uint64_t number = window.number;
    fold.store.insert_window(window, ci);
    state.windows.all.emplace(number, std::move(window));
    run_windows(fold);
    return window_verdict(fold, state.windows.all.at(number), 201);
}

Verdict cancel_window(Fold& fold, const CommandCall& call) {
    State& state = fold.state;
    const std::uint64_t number = number_of(call.body, "window");
    const auto found = state.windows.all.find(number);
    if (found == state.windows.all.end()) {
        return number != 0 && number < state.windows.next
                   ? problem(409, "Conflict", window_name(number) + " is over")
                   : problem(404, "Not Found", "there is no such window");
    }
    Window& window = found->second;
    if (!matches_etag(call.if_match, etag_of(window))) {
        return problem(
            412,
            "Precondition Failed",
            window_name(number) + " has changed since it was read; read it again"
        );
    }
    if (window.ended != WallTime{}) {
        return problem(
            409, "Conflict", window_name(number) + " is " + std::string(to_string(window.phase))
        );
    }
    end_window(fold, window, Window::Phase::cancelled, call.actor);
    run_windows(fold);
    return window_verdict(fold, window, 200);
}

}  // namespace muster::collector
