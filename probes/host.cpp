// Owns: the host probe: whether a machine is there at all, by ping or, where none is answered, by a TCP port. Leaves to
// icmp_engine.hpp and tcp_knock.hpp: sending and connecting.
#include "probes/params.hpp"
#include "probes/probe_type.hpp"
#include "probes/services.hpp"
#include "probes/tcp_knock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace muster::probes {

namespace {

using config::ParamKind;
using config::ParamSpec;

constexpr Duration spacing = std::chrono::milliseconds(200);

constexpr ParamSpec params[] = {
    {.name = "count",
     .kind = ParamKind::integer,
     .default_text = "1",
     .least = 1,
     .most = 20,
     .summary = "How many echo requests a run sends; one reply is enough."},
    {.name = "port",
     .kind = ParamKind::integer,
     .default_text = "",
     .least = 1,
     .most = 65535,
     .summary = "A TCP port to try where no request is answered; a refusal shows the host as well "
                "as a connection does."},
    {.name = "ip",
     .kind = ParamKind::choice,
     .default_text = "any",
     .choices = "any|4|6",
     .summary = "Which IP version to use where the host has both."},
};

constexpr MetricSpec metrics[] = {
    {"rtt", "ms", 3, "Shortest round trip of the replies."},
    {"connect", "ms", 3, "Until the port answered; measured where no request was answered."},
};

Task<Outcome> run_host(ProbeServices* services, ProbeRequest request, Deadline deadline);

}  // namespace

extern constinit const ProbeType host_probe;
constinit const ProbeType host_probe = {
    .name = "host",
    .summary =
        "Tells whether a host is there: by ping, or where that is not answered by a TCP "
        "port.",
    .params = params,
    .metrics = metrics,
    .runs_in = RunsIn::in_process,
    .run = run_host,
};

namespace {

/// What the pings showed: a round trip, or in words why there is none.
struct Echo {
    std::optional<Duration> round_trip;
    std::string reason;
    std::string words;
    bool is_our_fault = false;
};

Echo echo_of(const Result<PingReport>& report) {
    if (!report) {
        return {std::nullopt, "agent", report.error().text(), true};
    }
    Echo echo;
    for (const auto& trip : report->round_trips) {
        if (trip && (!echo.round_trip || *trip < *echo.round_trip)) {
            echo.round_trip = trip;
        }
    }
    echo.reason = report->refusal.empty() ? "timeout" : "unreachable";
    echo.words = report->refusal.empty() ? "no reply" : report->refusal;
    return echo;
}

Outcome well() {
    return unmeasured(host_probe, wire::ResultState::ok, {}, {}, {});
}

Task<Outcome> run_host(ProbeServices* services, ProbeRequest request, Deadline deadline) {
    const auto port = static_cast<std::uint16_t>(param_integer(request.params, "port"));
    PingPlan plan;
    plan.address = request.addresses.front();
    plan.count = static_cast<std::uint32_t>(param_integer(request.params, "count"));
    plan.spacing = spacing;
    // The port gets as long as the ping had.
    const Deadline halfway = Deadline::in(port == 0 ? deadline.left() : deadline.left() / 2);
    const auto report = co_await services->icmp.ping(std::move(plan), halfway);
    const Echo echo = echo_of(report);
    if (echo.round_trip) {
        Outcome outcome = well();
        outcome.values[0] = echo.round_trip->count() / 1000;
        co_return outcome;
    }
    std::string seen = request.addresses.front() + ": " + echo.words;
    if (port == 0) {
        co_return unmeasured(
            host_probe,
            echo.is_our_fault ? wire::ResultState::unknown : wire::ResultState::critical,
            echo.reason,
            "a reply within " + format_duration(request.timeout),
            std::move(seen)
        );
    }
    const Knock knock = co_await knock_at(request.addresses.front(), port, deadline);
    if (knock.reason.empty() || knock.reason == "refused") {
        Outcome outcome = well();
        outcome.values[1] = knock.took.count() / 1000;
        co_return outcome;
    }
    co_return unmeasured(
        host_probe,
        wire::ResultState::critical,
        knock.reason,
        fmt::format(
            "a reply, or an answer at port {}, within {}", port, format_duration(request.timeout)
        ),
        fmt::format("{}; port {}: {}", seen, port, knock.words)
    );
}

}  // namespace

}  // namespace muster::probes
