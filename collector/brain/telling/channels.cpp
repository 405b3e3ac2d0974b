#include "collector/brain/telling/channels.hpp"

#include "base/bytes.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/why.hpp"
#include "collector/brain/telling/digest.hpp"
#include "collector/brain/telling/routing.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr std::uint32_t failures_to_die = 3;
/// A dead channel with nothing to send is tried this often.
constexpr Duration probe_every = std::chrono::minutes(15);

Duration since_epoch(Elapsed at) {
    return at.time_since_epoch();
}

bool may_send(const Fold& fold, const ChannelState& channel) {
    return channel.waiting < channel.rate.messages &&
           channel.meter.allows(since_epoch(fold.elapsed));
}

void changed(Fold& fold, ChannelState& channel, bool was_dead, std::string_view was) {
    if (channel.state() != was) {
        channel.state_since = fold.wall;
    }
    if (channel.dead != was_dead) {
        fold.state.telling.revision += 1;
    }
    fold.store.put_channel(fold.state.telling, channel);
}

std::string dead_key(const ChannelState& channel) {
    return "channel_dead/" + channel.name;
}

void open_dead(Fold& fold, const ChannelState& channel) {
    const std::string for_long = format_duration(channel.dead_after);
    Incident incident;
    incident.kind = "channel_dead";
    incident.key = dead_key(channel);
    incident.title = "channel " + printable(channel.name) + " takes no messages";
    incident.urgency = "high";
    incident.expected = "messages are accepted";
    incident.seen = channel.last_error;
    incident.reason = "failing for " + for_long;
    incident.started = fold.wall - (fold.elapsed - channel.first_failed);
    incident.detected = fold.wall;
    const json::object why{
        {"rule", std::to_string(failures_to_die) + " failures in a row, and failing for " + for_long
        },
        {"channel", channel.name},
        {"failures", channel.failures},
        {"last_error", channel.last_error},
        {"first_failed", format_rfc3339(incident.started)},
        {"opened", format_rfc3339(fold.wall)},
        {"counterfactual", "one message accepted, and nothing would have opened"}
    };
    open_incident(fold, std::move(incident), json::serialize(why), Telling::told);
}

void resolve_dead(Fold& fold, const ChannelState& channel, std::string_view text) {
    const auto found = fold.state.open_by_key.find(dead_key(channel));
    if (found != fold.state.open_by_key.end()) {
        Incident& incident = fold.state.incidents.at(found->second);
        resolve_incident(fold, incident, "system", text, fold.wall, Telling::told);
    }
}

void die(Fold& fold, ChannelState& channel) {
    const std::string_view was = channel.state();
    channel.dead = true;
    channel.probed = fold.elapsed;
    changed(fold, channel, false, was);
    open_dead(fold, channel);
}

/// Something to try a dead channel with: else it stays dead for want of messages.
void probe(Fold& fold, ChannelState& channel) {
    channel.probed = fold.elapsed;
    channel.meter.take(since_epoch(fold.elapsed));
    insert_probe_message(fold, channel);
    fold.store.put_channel(fold.state.telling, channel);
}

void flush(Fold& fold, ChannelState& channel) {
    channel.meter.take(since_epoch(fold.elapsed));
    insert_digest(fold, channel);
    fold.store.put_channel(fold.state.telling, channel);
}

bool is_idle(const ChannelState& channel) {
    return channel.waiting == 0 && channel.merged_count() == 0;
}

/// Does what is due, and sets the timer for what is next.
void review(Fold& fold, ChannelState& channel) {
    if (channel.merged_count() > 0 && may_send(fold, channel)) {
        flush(fold, channel);
    }
    const Elapsed dies = channel.first_failed + channel.dead_after;
    if (!channel.dead && channel.failures >= failures_to_die && fold.elapsed >= dies) {
        die(fold, channel);
    }
    if (channel.dead && is_idle(channel) && fold.elapsed >= channel.probed + probe_every &&
        may_send(fold, channel)) {
        probe(fold, channel);
    }
    Elapsed next = Elapsed::max();
    if (channel.merged_count() > 0 && channel.waiting < channel.rate.messages) {
        next = std::min(next, Elapsed(channel.meter.earliest()));
    }
    if (!channel.dead && channel.failures > 0) {
        // With fewer failures than it takes, the answer that is the last of them decides.
        next = dies > fold.elapsed ? std::min(next, dies) : next;
    }
    if (channel.dead && is_idle(channel)) {
        next = std::min(
            next, std::max(channel.probed + probe_every, Elapsed(channel.meter.earliest()))
        );
    }
    if (next == Elapsed::max() || (channel.timer != 0 && channel.timer_due == next)) {
        return;
    }
    channel.timer_due = std::max(next, fold.elapsed);
    channel.timer = fold.state.arm(channel.timer_due, Timer::Kind::channel, channel.id);
}

/// Messages of an earlier channel of that name that still wait.
std::uint32_t waiting_for(const State& state, const std::string& channel) {
    return static_cast<std::uint32_t>(std::ranges::count_if(
        state.outgoing, [&channel](const auto& entry) { return entry.second.channel == channel; }
    ));
}

/// What waited for a channel that is configured no more.
void drop(Fold& fold, ChannelState& channel) {
    for (const MergedMessage& message : channel.merged) {
        add_receipt(
            fold,
            nothing,
            ProbeId{},
            "channel removed",
            "\"" + channel.name + "\" is no longer configured",
            message.incident
        );
    }
    if (channel.dead) {
        resolve_dead(fold, channel, "the channel is no longer configured");
    }
    fold.store.delete_channel(channel.name);
}

}  // namespace

ChannelState* ChannelStates::find(std::string_view name) {
    const auto found = std::ranges::find(all, name, &ChannelState::name);
    return found == all.end() ? nullptr : &*found;
}

const ChannelState* ChannelStates::find(std::string_view name) const {
    const auto found = std::ranges::find(all, name, &ChannelState::name);
    return found == all.end() ? nullptr : &*found;
}

void configure_channels(Fold& fold, const std::vector<config::Channel>& channels) {
    ChannelStates& telling = fold.state.telling;
    std::vector<ChannelState> before = std::exchange(telling.all, {});
    for (const config::Channel& channel : channels) {
        const auto known = std::ranges::find(before, channel.name, &ChannelState::name);
        ChannelState next;
        if (known != before.end()) {
            next = std::move(*known);
            before.erase(known);
        } else {
            next.id = ++telling.last_id;
            next.state_since = fold.wall;
            next.waiting = waiting_for(fold.state, channel.name);
        }
        next.name = channel.name;
        next.type = channel.type;
        next.target = target_of(channel);
        next.match = channel.match;
        next.rate = channel.rate;
        next.dead_after = channel.dead_after;
        next.meter.change(channel.rate);
        telling.all.push_back(std::move(next));
    }
    telling.revision += 1;
    for (ChannelState& gone : before) {
        drop(fold, gone);
    }
    for (ChannelState& channel : telling.all) {
        fold.store.put_channel(telling, channel);
        review(fold, channel);
    }
}

void restart_channels(Fold& fold) {
    for (ChannelState& channel : fold.state.telling.all) {
        channel.first_failed = fold.elapsed;
        channel.probed = fold.elapsed;
        fold.store.put_channel(fold.state.telling, channel);
        review(fold, channel);
    }
}

void withdraw_digests(Fold& fold) {
    for (ChannelState& channel : fold.state.telling.all) {
        for (const MergedMessage& message : std::exchange(channel.merged, {})) {
            add_receipt(
                fold,
                nothing,
                ProbeId{},
                "restored",
                "\"" + channel.name + "\" is not told late of what was before the restore",
                message.incident
            );
        }
        channel.merged_opened = 0;
        channel.merged_resolved = 0;
        channel.merged_reopened = 0;
        fold.store.put_channel(fold.state.telling, channel);
    }
}

void send_or_merge(
    Fold& fold, const std::string& name, const Incident& incident, std::string_view transition
) {
    ChannelState& channel = *fold.state.telling.find(name);
    if (channel.merged_count() == 0 && may_send(fold, channel)) {
        channel.meter.take(since_epoch(fold.elapsed));
        insert_message(fold, channel, incident, transition);
    } else {
        merge(fold, channel, incident, transition);
        add_receipt(
            fold,
            incident.ci,
            incident.probe,
            "merged",
            "\"" + name + "\" is told of it in a digest: more than " +
                std::to_string(channel.rate.messages) + " messages in " +
                format_duration(channel.rate.per) + ", or as many that wait",
            incident.number
        );
        review(fold, channel);
    }
    fold.store.put_channel(fold.state.telling, channel);
}

void message_left(ChannelState& channel) {
    channel.waiting -= channel.waiting > 0 ? 1 : 0;
}

void channel_answered(
    Fold& fold, const std::string& name, Attempt attempt, std::string_view detail
) {
    ChannelState* channel = fold.state.telling.find(name);
    if (channel == nullptr) {
        return;
    }
    const std::string_view was = channel->state();
    const bool was_dead = channel->dead;
    if (attempt == Attempt::delivered) {
        channel->last_delivered = fold.wall;
        channel->failures = 0;
        channel->last_error.clear();
        channel->dead = false;
    } else {
        channel->first_failed = channel->failures == 0 ? fold.elapsed : channel->first_failed;
        channel->failures += 1;
        channel->last_error = detail;
    }
    changed(fold, *channel, was_dead, was);
    if (was_dead && !channel->dead) {
        resolve_dead(fold, *channel, "a message was accepted");
    }
    review(fold, *channel);
}

void channel_is_due(Fold& fold, std::uint32_t id, std::uint64_t timer) {
    for (ChannelState& channel : fold.state.telling.all) {
        if (channel.id == id && channel.timer == timer) {
            channel.timer = 0;
            review(fold, channel);
            return;
        }
    }
}

bool is_of_dead_channel(const State& state, const Incident& incident) {
    return std::ranges::any_of(state.telling.all, [&incident](const ChannelState& channel) {
        return channel.dead && dead_key(channel) == incident.key;
    });
}

Verdict channel_tested(Fold& fold, const CommandCall& call) {
    const std::string name = text_of(call.body, "name");
    ChannelState* const channel = fold.state.telling.find(name);
    if (channel == nullptr) {
        return problem(404, "Not Found", "there is no channel \"" + name + "\"");
    }
    const json::value* delivered = call.body.if_contains("delivered");
    const bool is_delivered = delivered != nullptr && delivered->is_bool() && delivered->get_bool();
    const std::string detail = text_of(call.body, "detail");
    if (is_delivered) {
        channel_answered(fold, name, Attempt::delivered, detail);
    } else {
        // To be read in the list; only messages, which are tried again, make a channel failing or dead.
        channel->last_error = detail;
        fold.store.put_channel(fold.state.telling, *channel);
    }
    const json::object body{
        {"channel", name},
        {"delivered", is_delivered},
        {"status", number_of(call.body, "status")},
        {"detail", detail},
        {"at", format_rfc3339(fold.wall)}
    };
    return {.status = 200, .body = json::serialize(body), .etag = {}};
}

}  // namespace muster::collector
