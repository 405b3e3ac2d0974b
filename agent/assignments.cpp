#include "agent/assignments.hpp"

#include "config/param_spec.hpp"
#include "probes/probe_type.hpp"
#include "wire/http_client.hpp"

#include <map>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::uint32_t least_interval_ms = 10;

/// Where the probe goes: its host, or the host its url names.
std::string lane_of(const ScheduledProbe& probe) {
    if (!probe.host.empty()) {
        return probe.host;
    }
    const auto url = probe.params.find("url");
    if (url == probe.params.end()) {
        return "";
    }
    const auto parts = wire::parse_url(url->second);
    return parts ? parts->host : url->second;
}

/// Without its secret a probe would ask another question than it was meant to: a fault in its place would be ours.
std::string unread_secret(const wire::proto::Assignment& item) {
    const std::map<std::string, std::string> unread(
        item.unread_secrets().begin(), item.unread_secrets().end()
    );
    if (unread.empty()) {
        return {};
    }
    const auto& [option, why] = *unread.begin();
    return "the collector cannot read the secret `" + option + "`: " + why;
}

Result<ScheduledProbe> read_item(std::uint32_t dense, wire::proto::Assignment& item) {
    const auto id = Uuid::from_bytes(item.probe_id());
    if (!id) {
        return failure(ErrorKind::invalid, "the probe id has not 16 bytes");
    }
    const probes::ProbeType* type = probes::find_probe_type(item.type());
    if (type == nullptr) {
        return failure(
            ErrorKind::invalid, "this agent has no probe type '" + item.type() + "'; update it"
        );
    }
    if (item.interval_ms() < least_interval_ms || item.timeout_ms() == 0) {
        return failure(ErrorKind::invalid, "interval or timeout is too short");
    }
    ScheduledProbe probe;
    probe.dense = dense;
    probe.id = ProbeId(*id);
    probe.type = item.type();
    probe.host = item.host();
    probe.interval = std::chrono::milliseconds(item.interval_ms());
    probe.timeout = std::chrono::milliseconds(item.timeout_ms());
    const config::Params given(item.params().begin(), item.params().end());
    auto params = config::validate_params(type->params, given);
    if (!params) {
        return failure(params.error());
    }
    probe.params = std::move(*params);
    for (auto& [name, value] : *item.mutable_secrets()) {
        probe.secrets.emplace_back(name, std::move(value));
    }
    probe.withheld = unread_secret(item);
    probe.lane = lane_of(probe);
    return probe;
}

}  // namespace

AssignmentTable read_assignments(std::uint32_t epoch, std::vector<wire::proto::Assignment> items) {
    AssignmentTable table;
    table.epoch = epoch;
    table.ids.resize(items.size());
    table.probes.reserve(items.size());
    for (std::size_t at = 0; at < items.size(); ++at) {
        wire::proto::Assignment& item = items[at];
        const auto dense = static_cast<std::uint32_t>(at);
        auto probe =
            item.dense() == dense
                ? read_item(dense, item)
                : Result<ScheduledProbe>(failure(ErrorKind::invalid, "dense ids have a hole"));
        if (!probe) {
            table.problems.push_back(
                "probe " + std::to_string(at) + " (" + item.type() + " " + item.host() +
                "): " + probe.error().text()
            );
            continue;
        }
        table.ids[at] = probe->id;
        table.probes.push_back(std::move(*probe));
    }
    return table;
}

}  // namespace muster::agent
