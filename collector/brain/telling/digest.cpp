#include "collector/brain/telling/digest.hpp"

#include "collector/brain/incidents/record.hpp"
#include "collector/brain/outbox.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

struct NewRow {
    std::string id;
    std::uint64_t incident = 0;
    std::string_view transition;
    std::string payload;
    std::vector<std::uint64_t> merged = {};
};

void insert(Fold& fold, ChannelState& channel, NewRow row) {
    fold.store.insert_outbox(
        {.id = row.id,
         .incident = row.incident,
         .transition = row.transition,
         .channel = channel.name,
         .created = fold.wall,
         .payload = row.payload,
         .lsn = fold.lsn,
         .ordinal = fold.next_ordinal()}
    );
    fold.state.outgoing[row.id] = {
        row.incident, fold.elapsed, 0, channel.name, std::move(row.merged)
    };
    channel.waiting += 1;
    fold.outbox_changed = true;
}

/// CloudEvents 1.0, structured JSON.
std::string event_json(
    const Fold& fold,
    std::string_view type,
    const std::string& subject,
    std::string_view id,
    json::object data
) {
    return json::serialize(json::object{
        {"specversion", "1.0"},
        {"id", id},
        {"source", "urn:uuid:" + fold.state.installation},
        {"type", type},
        {"subject", subject},
        {"time", format_rfc3339(fold.wall)},
        {"datacontenttype", "application/json"},
        {"data", std::move(data)}
    });
}

void count(ChannelState& channel, std::string_view transition) {
    const bool is_end = transition == "resolved" || transition == "cancelled";
    channel.merged_opened += transition == "opened" ? 1U : 0U;
    channel.merged_resolved += is_end ? 1U : 0U;
    channel.merged_reopened += transition == "opened" || is_end ? 0U : 1U;
}

json::object item_of(const MergedMessage& message) {
    return {
        {"number", incident_name(message.incident)},
        {"transition", message.transition},
        {"title", message.title},
        {"priority", message.priority},
        {"site", message.site},
        {"at", format_rfc3339(message.at)}
    };
}

}  // namespace

void insert_message(
    Fold& fold, ChannelState& channel, const Incident& incident, std::string_view transition
) {
    const std::string name = incident_name(incident.number);
    std::string id = name + "/" + std::string(transition);
    if (incident.round > 1) {
        id += "." + std::to_string(incident.round);
    }
    id += "/" + channel.name;
    std::string payload = event_json(
        fold,
        "net.muster.incident." + std::string(transition),
        name,
        id,
        incident_data(fold.state, incident)
    );
    insert(fold, channel, {std::move(id), incident.number, transition, std::move(payload)});
}

void merge(
    Fold& fold, ChannelState& channel, const Incident& incident, std::string_view transition
) {
    count(channel, transition);
    MergedMessage message;
    message.incident = incident.number;
    message.transition = transition;
    message.title = incident.title;
    message.site = incident.ci == nothing ? std::string() : fold.state.cis[incident.ci].site;
    message.priority = incident.priority;
    message.at = fold.wall;
    if (channel.merged.size() < most_merged) {
        channel.merged.push_back(std::move(message));
        return;
    }
    const auto least = std::ranges::max_element(channel.merged, {}, &MergedMessage::priority);
    if (least->priority > message.priority) {
        channel.merged.erase(least);
        channel.merged.push_back(std::move(message));
    }
}

void insert_digest(Fold& fold, ChannelState& channel) {
    std::vector<MergedMessage> merged = std::exchange(channel.merged, {});
    std::ranges::stable_sort(merged, {}, &MergedMessage::priority);
    json::array items;
    std::vector<std::uint64_t> incidents;
    for (const MergedMessage& message : merged) {
        if (items.size() < most_listed) {
            items.push_back(item_of(message));
        }
        incidents.push_back(message.incident);
    }
    const std::uint64_t first = incidents.front();
    std::ranges::sort(incidents);
    incidents.erase(std::ranges::unique(incidents).begin(), incidents.end());
    const std::uint32_t all = channel.merged_count();
    const std::uint64_t left_out = all - items.size();
    json::object data{
        {"channel", channel.name},
        {"count", all},
        {"opened", std::exchange(channel.merged_opened, 0U)},
        {"resolved", std::exchange(channel.merged_resolved, 0U)},
        {"reopened", std::exchange(channel.merged_reopened, 0U)},
        {"left_out", left_out},
        {"items", std::move(items)}
    };
    std::string id = "digest/" + std::to_string(++channel.numbered) + "/" + channel.name;
    std::string payload =
        event_json(fold, "net.muster.incident.digest", channel.name, id, std::move(data));
    insert(
        fold, channel, {std::move(id), first, "digest", std::move(payload), std::move(incidents)}
    );
}

void insert_probe_message(Fold& fold, ChannelState& channel) {
    const auto open = fold.state.open_by_key.find("channel_dead/" + channel.name);
    const std::uint64_t incident = open == fold.state.open_by_key.end() ? 0 : open->second;
    std::string id = "test/" + std::to_string(++channel.numbered) + "/" + channel.name;
    json::object data{{"channel", channel.name}};
    std::string payload = event_json(fold, "net.muster.test", channel.name, id, std::move(data));
    insert(fold, channel, {std::move(id), incident, "test", std::move(payload)});
}

}  // namespace muster::collector
