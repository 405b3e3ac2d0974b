#include "probes/icmp.hpp"

#include "probes/params.hpp"
#include "probes/probe_type.hpp"
#include "probes/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace muster::probes {

namespace {

using config::ParamKind;
using config::ParamSpec;

constexpr ParamSpec params[] = {
    {.name = "count",
     .kind = ParamKind::integer,
     .default_text = "3",
     .least = 1,
     .most = 20,
     .summary = "How many echo requests a run sends."},
    {.name = "spacing",
     .kind = ParamKind::duration,
     .default_text = "200ms",
     .least = 10,
     .most = 5000,
     .summary = "Time between the requests of a run."},
    {.name = "size",
     .kind = ParamKind::integer,
     .default_text = "56",
     .least = 16,
     .most = 1472,
     .unit = "bytes",
     .summary = "Payload of a request."},
    {.name = "ip",
     .kind = ParamKind::choice,
     .default_text = "any",
     .choices = "any|4|6",
     .summary = "Which IP version to use where the host has both."},
};

constexpr MetricSpec metrics[] = {
    {"rtt_avg", "ms", 3, "Mean round trip of the replies."},
    {"rtt_min", "ms", 3, "Shortest round trip."},
    {"rtt_max", "ms", 3, "Longest round trip."},
    {"jitter", "ms", 3, "Mean difference between neighbouring round trips."},
    {"loss", "%", 1, "Requests without a reply."},
};

Task<Outcome> run_icmp(ProbeServices* services, ProbeRequest request, Deadline deadline);

}  // namespace

extern constinit const ProbeType icmp_probe;
constinit const ProbeType icmp_probe = {
    .name = "icmp",
    .summary = "Pings a host over IPv4 or IPv6.",
    .params = params,
    .metrics = metrics,
    .runs_in = RunsIn::in_process,
    .run = run_icmp,
};

Outcome icmp_outcome(const PingReport& report, std::string_view target, Duration timeout) {
    Duration sum{};
    Duration least = Duration::max();
    Duration most{};
    Duration steps{};
    std::optional<Duration> previous;
    std::size_t replies = 0;
    for (const auto& trip : report.round_trips) {
        if (!trip) {
            continue;
        }
        ++replies;
        sum += *trip;
        least = std::min(least, *trip);
        most = std::max(most, *trip);
        if (previous) {
            steps += *trip > *previous ? *trip - *previous : *previous - *trip;
        }
        previous = trip;
    }

    const std::size_t sent = report.round_trips.size();
    Outcome outcome;
    outcome.values.assign(std::size(metrics), wire::absent_value);
    if (sent > 0) {
        outcome.values[4] = static_cast<std::int64_t>((sent - replies) * 1000 / sent);
    }
    if (replies > 0) {
        const auto us = [](Duration duration) { return duration.count() / 1000; };
        outcome.values[0] = us(sum / static_cast<std::int64_t>(replies));
        outcome.values[1] = us(least);
        outcome.values[2] = us(most);
        outcome.values[3] = replies > 1 ? us(steps / static_cast<std::int64_t>(replies - 1)) : 0;
    }

    if (sent > 0 && replies == sent) {
        outcome.state = wire::ResultState::ok;
        return outcome;
    }
    outcome.expected =
        fmt::format("{} of {} replies within {}", sent, sent, format_duration(timeout));
    if (replies > 0) {
        outcome.state = wire::ResultState::warning;
        outcome.reason = "loss";
        outcome.seen = fmt::format("{} of {} replies from {}", replies, sent, target);
    } else if (!report.refusal.empty()) {
        outcome.state = wire::ResultState::critical;
        outcome.reason = "unreachable";
        outcome.seen = fmt::format("{}: {}", target, report.refusal);
    } else {
        outcome.state = wire::ResultState::critical;
        outcome.reason = "timeout";
        outcome.seen = fmt::format("no reply from {}", target);
    }
    return outcome;
}

namespace {

Task<Outcome> run_icmp(ProbeServices* services, ProbeRequest request, Deadline deadline) {
    PingPlan plan;
    plan.address = request.addresses.front();
    plan.count = static_cast<std::uint32_t>(param_integer(request.params, "count"));
    plan.spacing = param_duration(request.params, "spacing");
    plan.size = static_cast<std::uint32_t>(param_integer(request.params, "size"));
    const std::string target = request.host == plan.address || request.host.empty()
                                   ? plan.address
                                   : fmt::format("{} ({})", request.host, plan.address);
    auto report = co_await services->icmp.ping(std::move(plan), deadline);
    if (!report) {
        co_return unmeasured(
            icmp_probe,
            wire::ResultState::unknown,
            "agent",
            "a ping of " + target,
            report.error().text()
        );
    }
    co_return icmp_outcome(*report, target, request.timeout);
}

}  // namespace

}  // namespace muster::probes
