#include "collector/api/availability_store.hpp"
#include "collector/api/ci_store.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

namespace muster::collector {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view list_name = "availability";

/// What is asked.
struct Wanted {
    WallTime from{};
    WallTime to{};
    WallTime now{};
    PageRequest page;
};

Result<Wanted> wanted_of(const Call& call) {
    Wanted wanted;
    wanted.now = call.context->clock->wall();
    const Result<WallTime> to = time_parameter(call, "to", wanted.now);
    if (!to) {
        return failure(to.error());
    }
    const Result<WallTime> from = time_parameter(call, "from", *to - 24h);
    if (!from) {
        return failure(from.error());
    }
    if (*from >= *to) {
        return failure(ErrorKind::invalid, "expected a time before \"to\"", "from");
    }
    Result<PageRequest> page = page_request(call.query, list_name, 1);
    if (!page) {
        return failure(page.error());
    }
    wanted.from = *from;
    wanted.to = *to;
    wanted.page = std::move(*page);
    return wanted;
}

json::value share_json(const std::optional<double>& share) {
    return share ? json::value(*share) : json::value(nullptr);
}

json::object piece_json(const Piece& piece, const KnownTimes& known) {
    json::object out{
        {"from", json_time(piece.from)},
        {"to", json_time(piece.to)},
        {"state", to_string(piece.share)},
        {"probe", nullptr},
        {"cause", json_text(piece.cause)}
    };
    if (piece.probe != no_probe) {
        const KnownTimes::Named& named = known.names[piece.probe];
        out["probe"] = json::object{
            {"id", json_text(named.id)},
            {"name", json_text(named.name)},
            {"type", json_text(named.type)}
        };
    }
    return out;
}

/// Pieces begin at different times: the last one's begin is where the next page goes on.
Result<std::int64_t> shown_until(const PageRequest& page) {
    std::int64_t out = std::numeric_limits<std::int64_t>::min();
    if (page.after.empty()) {
        return out;
    }
    const std::string& text = page.after.front();
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
        return failure(ErrorKind::invalid, "it is no cursor of this list", "cursor");
    }
    return out;
}

Result<json::object> answer_of(const KnownTimes& known, const Wanted& wanted) {
    const Result<std::int64_t> after = shown_until(wanted.page);
    if (!after) {
        return failure(after.error());
    }
    const std::vector<Piece> pieces =
        partition_ci(known.probes, known.excluded, wanted.from, wanted.to, wanted.now);
    const Availability sum = sum_of(pieces);
    json::array items;
    json::value next = nullptr;
    for (const Piece& piece : pieces) {
        if (to_ns(piece.from) <= *after) {
            continue;
        }
        if (std::cmp_equal(items.size(), wanted.page.limit)) {
            const Piece& last = *(&piece - 1);
            next = json_text(encode_cursor(list_name, {std::to_string(to_ns(last.from))}));
            break;
        }
        items.push_back(piece_json(piece, known));
    }
    json::object out = known.subject;
    out["from"] = json_time(wanted.from);
    out["to"] = json_time(wanted.to);
    out["lower"] = share_json(sum.lower());
    out["upper"] = share_json(sum.upper());
    out["coverage"] = share_json(sum.coverage());
    out["up_ms"] = to_ms(sum.up);
    out["down_ms"] = to_ms(sum.down);
    out["excluded_ms"] = to_ms(sum.excluded);
    out["unobserved_ms"] = to_ms(sum.unobserved);
    out["items"] = std::move(items);
    out["next_cursor"] = std::move(next);
    out["total_estimate"] = pieces.size();
    return out;
}

using Answer = std::optional<json::object>;
/// Which CI or probe, on the connection.
using Find = std::function<Result<AvailabilityOf>(StateConnection&)>;

Task<HttpResponse> availability_of(Call call, Find find) {
    const Result<Wanted> wanted = wanted_of(call);
    if (!wanted) {
        co_return bad_parameter(wanted.error());
    }
    std::function<Result<Answer>(StateConnection&)> work =
        [scope = call.actor.scope,
         wanted = *wanted,
         find = std::move(find)](StateConnection& connection) -> Result<Answer> {
        const Result<AvailabilityOf> of = find(connection);
        if (!of) {
            return failure(of.error());
        }
        const auto known = read_times(connection, scope, *of, wanted.from, wanted.to);
        if (!known) {
            return failure(known.error());
        }
        if (!known->has_value()) {
            return Answer();
        }
        Result<json::object> answer = answer_of(**known, wanted);
        return answer ? Result<Answer>(std::move(*answer)) : failure(answer.error());
    };
    const Result<Answer> answer = co_await call.context->state->query<Answer>(std::move(work));
    if (!answer) {
        co_return answer.error().kind() == ErrorKind::invalid ? bad_parameter(answer.error())
                                                              : problem_of(answer.error());
    }
    if (!answer->has_value()) {
        co_return problem(404, "there is nothing with this id or name: " + call.path.at("id"));
    }
    co_return json_answer(**answer);
}

}  // namespace

Task<HttpResponse> ci_availability(Call call) {
    Find find = [scope = call.actor.scope,
                 name = call.path.at("id")](StateConnection& connection) -> Result<AvailabilityOf> {
        Result<std::string> id = find_ci(connection, scope, name);
        if (!id) {
            return failure(id.error());
        }
        return AvailabilityOf{std::move(*id), {}};
    };
    Task<HttpResponse> answering = availability_of(std::move(call), std::move(find));
    co_return co_await std::move(answering);
}

Task<HttpResponse> probe_availability(Call call) {
    const Result<Uuid> id = Uuid::parse(call.path.at("id"));
    if (!id) {
        co_return problem(404, "there is no probe with this id");
    }
    Find find = [raw = std::string(id->raw())](StateConnection&) -> Result<AvailabilityOf> {
        return AvailabilityOf{{}, raw};
    };
    Task<HttpResponse> answering = availability_of(std::move(call), std::move(find));
    co_return co_await std::move(answering);
}

}  // namespace muster::collector
