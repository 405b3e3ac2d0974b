#include "collector/api/handlers.hpp"
#include "collector/api/json.hpp"
#include "collector/api/parameters.hpp"
#include "collector/api/probe_store.hpp"
#include "probes/probe_type.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

namespace muster::collector {

namespace {

using namespace std::chrono_literals;

/// What to ask of history, and how to show the numbers.
struct Wanted {
    HistoryQuery query;
    probes::MetricSpec metric;
    std::vector<std::string> metrics;
};

std::span<const probes::MetricSpec> metrics_of(std::string_view type) {
    const probes::ProbeType* known = probes::find_probe_type(type);
    return known == nullptr ? std::span<const probes::MetricSpec>() : known->metrics;
}

/// The metric named, or the first; an unknown type has one without name.
Status choose_metric(Wanted& wanted, std::string_view type, const std::string& name) {
    const auto metrics = metrics_of(type);
    for (const probes::MetricSpec& metric : metrics) {
        wanted.metrics.emplace_back(metric.name);
    }
    const auto chosen = std::ranges::find_if(metrics, [&](const probes::MetricSpec& metric) {
        return name.empty() || metric.name == name;
    });
    if (chosen != metrics.end()) {
        wanted.metric = *chosen;
        wanted.query.metric = static_cast<std::uint32_t>(chosen - metrics.begin());
        return {};
    }
    if (name.empty()) {
        wanted.metric = {"", "", 0, ""};
        return {};
    }
    std::string names;
    for (const std::string& known : wanted.metrics) {
        names += (names.empty() ? "" : ", ") + known;
    }
    return failure(ErrorKind::invalid, "expected one of " + names, "metric");
}

Result<Wanted> wanted_of(const Call& call, ProbeId probe, const json::object& found) {
    Wanted wanted;
    const WallTime now = call.context->clock->wall();
    const Result<WallTime> from = time_parameter(call, "from", now - 1h);
    const Result<WallTime> to = time_parameter(call, "to", now);
    const Result<Duration> step = duration_parameter(call, "step", 0s);
    if (!from || !to) {
        return failure(!from ? from.error() : to.error());
    }
    if (!step) {
        return failure(step.error());
    }
    if (*from >= *to) {
        return failure(ErrorKind::invalid, "expected a time before \"to\"", "from");
    }
    const std::string_view type(found.at("type").as_string());
    if (const Status chosen = choose_metric(wanted, type, parameter(call, "metric")); !chosen) {
        return failure(chosen.error());
    }
    wanted.query.probe = probe;
    wanted.query.from = *from;
    wanted.query.to = *to;
    wanted.query.step = *step;
    return wanted;
}

json::object single_json(const HistoryPoint& point, double scale) {
    json::object shown{
        {"at", json_time(point.at)}, {"state", json_text(wire::to_string(point.state))}
    };
    if (point.measured == 0) {
        shown["value"] = nullptr;
    } else {
        shown["value"] = static_cast<double>(point.min) / scale;
    }
    return shown;
}

json::object step_json(const HistoryPoint& point, double scale) {
    json::object shown{
        {"at", json_time(point.at)},
        {"state", json_text(wire::to_string(point.state))},
        {"results", point.results},
        {"measured", point.measured}
    };
    if (point.measured > 0) {
        shown["min"] = static_cast<double>(point.min) / scale;
        shown["max"] = static_cast<double>(point.max) / scale;
        shown["mean"] = point.mean / scale;
    }
    json::object held;
    for (std::size_t state = 0; state < point.held.size(); ++state) {
        held[wire::to_string(static_cast<wire::ResultState>(state))] = to_ms(point.held[state]);
    }
    shown["held_ms"] = std::move(held);
    return shown;
}

std::string render(const Wanted& wanted, const HistorySeries& series) {
    const double scale = std::pow(10.0, wanted.metric.decimals);
    json::array points;
    points.reserve(series.points.size());
    for (const HistoryPoint& point : series.points) {
        points.push_back(series.step == 0s ? single_json(point, scale) : step_json(point, scale));
    }
    json::array names;
    for (const std::string& name : wanted.metrics) {
        names.push_back(json_text(name));
    }
    return json::serialize(json::object{
        {"probe", json_text(wanted.query.probe.text())},
        {"metric", json_text(wanted.metric.name)},
        {"unit", json_text(wanted.metric.unit)},
        {"metrics", std::move(names)},
        {"from", json_time(wanted.query.from)},
        {"to", json_time(wanted.query.to)},
        {"step", json_text(format_duration(series.step))},
        {"points", std::move(points)},
        {"is_cut", series.is_cut},
        {"unreadable_blocks", series.unreadable_blocks}
    });
}

}  // namespace

Task<HttpResponse> probe_results(Call call) {
    using Found = std::optional<json::object>;
    const Result<Uuid> id = Uuid::parse(call.path.at("id"));
    if (!id) {
        co_return problem(404, "there is no probe with this id");
    }
    std::function<Result<Found>(StateConnection&)> look =
        [scope = call.actor.scope, raw = std::string(id->raw())](StateConnection& connection) {
            return read_probe(connection, scope, raw);
        };
    const Result<Found> found = co_await call.context->state->query<Found>(std::move(look));
    if (!found) {
        co_return problem_of(found.error());
    }
    if (!found->has_value()) {
        co_return problem(404, "there is no probe with this id");
    }
    const Result<Wanted> wanted = wanted_of(call, ProbeId(*id), **found);
    if (!wanted) {
        co_return bad_parameter(wanted.error());
    }
    Task<Result<HistorySeries>> asking = call.context->results(wanted->query);
    Result<HistorySeries> series = co_await std::move(asking);
    if (!series) {
        co_return problem_of(series.error());
    }
    // Tens of thousands of points become text beside the loop, which has results to acknowledge.
    std::function<Result<std::string>(StateConnection&)> write =
        [wanted = *wanted, series = std::move(*series)](StateConnection&) -> Result<std::string> {
        return render(wanted, series);
    };
    Result<std::string> text = co_await call.context->state->query<std::string>(std::move(write));
    if (!text) {
        co_return problem_of(text.error());
    }
    HttpResponse response;
    response.body = std::move(*text);
    co_return response;
}

}  // namespace muster::collector
