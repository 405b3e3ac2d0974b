#include "probes/snmp_reply.hpp"

#include "probes/params.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace muster::probes {

extern constinit const ProbeType snmp_probe;

namespace {

constexpr std::size_t most_arcs = 128;
constexpr std::string_view uptime_oid = "1.3.6.1.2.1.1.3.0";
constexpr unsigned long not_in_time_window = 2;

// RFC 3414 §5, usmStats.
std::string describe_report(unsigned long arc) {
    switch (arc) {
        case 1:
            return "the device does not take this security level for the user "
                   "(usmStatsUnsupportedSecLevels)";
        case not_in_time_window:
            return "the device's engine clock does not agree (usmStatsNotInTimeWindows)";
        case 3:
            return "the device does not know the user (usmStatsUnknownUserNames)";
        case 4:
            return "the device has another engine id (usmStatsUnknownEngineIDs)";
        case 5:
            return "wrong authentication password or protocol (usmStatsWrongDigests)";
        case 6:
            return "wrong privacy password or protocol (usmStatsDecryptionErrors)";
        default:
            return "a report of an unknown kind";
    }
}

Outcome because(Outcome outcome, std::string reason, std::string seen) {
    outcome.reason = std::move(reason);
    outcome.seen = std::move(seen);
    return outcome;
}

Outcome judge_silence(Outcome outcome, const SnmpReply& reply, const SnmpAsked& asked) {
    std::string seen = fmt::format("no answer from {} to {} requests", asked.where, reply.sent);
    if (reply.foreign > 0) {
        seen += fmt::format("; {} from other addresses ignored", reply.foreign);
    }
    return because(std::move(outcome), "timeout", std::move(seen));
}

Outcome judge_answer(Outcome outcome, const SnmpReply& reply, const SnmpAsked& asked) {
    outcome.values[0] = reply.took.count() / 1000;
    if (!reply.device_error.empty()) {
        outcome.expected = "the objects asked for";
        return because(std::move(outcome), "error", reply.device_error);
    }
    for (std::size_t i = 0; i < asked.objects.size(); ++i) {
        const std::string& object = asked.objects[i];
        if (i >= reply.variables.size() || reply.variables[i].name != parse_oid(object)) {
            outcome.expected = object;
            return because(std::move(outcome), "protocol", "an answer about other objects");
        }
        const SnmpVariable& variable = reply.variables[i];
        if (variable.presence == SnmpPresence::no_such_object) {
            outcome.expected = object;
            return because(std::move(outcome), "missing", "the device has no such object");
        }
        if (object == uptime_oid && variable.number) {
            outcome.values[1] = *variable.number;
        }
        if (i == 0 && variable.number) {
            outcome.values[2] = *variable.number;
        }
    }
    outcome.state = wire::ResultState::ok;
    outcome.expected.clear();
    return outcome;
}

}  // namespace

std::optional<SnmpOid> parse_oid(std::string_view text) {
    SnmpOid arcs;
    while (!text.empty() && arcs.size() < most_arcs) {
        const std::size_t dot = text.find('.');
        const std::string_view part = text.substr(0, dot);
        std::uint32_t value = 0;
        const auto [end, problem] = std::from_chars(part.data(), part.data() + part.size(), value);
        if (problem != std::errc{} || end != part.data() + part.size()) {
            return std::nullopt;
        }
        arcs.push_back(value);
        text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
    }
    if (!text.empty() || arcs.size() < 2) {
        return std::nullopt;
    }
    return arcs;
}

Outcome judge_snmp(const SnmpReply& reply, const SnmpAsked& asked) {
    std::string expected =
        fmt::format("an answer from {} within {}", asked.where, format_duration(asked.timeout));
    Outcome outcome =
        unmeasured(snmp_probe, wire::ResultState::critical, {}, std::move(expected), {});
    switch (reply.end) {
        case SnmpEnd::answered:
            return judge_answer(std::move(outcome), reply, asked);
        case SnmpEnd::reported:
            return because(
                std::move(outcome),
                reply.report == not_in_time_window ? "time_window" : "authentication",
                describe_report(reply.report)
            );
        case SnmpEnd::refused:
            return because(
                std::move(outcome),
                reply.why == "port unreachable" ? "refused" : "unreachable",
                fmt::format("{}: {}", asked.where, reply.why)
            );
        case SnmpEnd::failed:
            return because(std::move(outcome), "protocol", reply.why);
        case SnmpEnd::cancelled:
            outcome.state = wire::ResultState::unknown;
            return because(std::move(outcome), "worker", "cancelled");
        case SnmpEnd::waiting:
        case SnmpEnd::timed_out:
            break;
    }
    return judge_silence(std::move(outcome), reply, asked);
}

}  // namespace muster::probes
