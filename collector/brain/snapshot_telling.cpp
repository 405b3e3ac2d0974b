#include "collector/brain/packing.hpp"
#include "collector/brain/snapshot_parts.hpp"

#include <utility>

namespace muster::collector {

namespace {

/// "INC-1/opened/ops" → "ops".
std::string channel_of(std::string_view id) {
    const std::size_t first = id.find('/');
    const std::size_t second = first == std::string_view::npos ? first : id.find('/', first + 1);
    return second == std::string_view::npos ? std::string() : std::string(id.substr(second + 1));
}

void pack_health(Packer& out, const ChannelState& channel) {
    out.u32(channel.failures);
    out.time(channel.first_failed);
    out.text(channel.last_error);
    out.time(channel.last_delivered);
    out.u8(channel.dead ? 1 : 0);
    out.time(channel.state_since);
    out.time(channel.probed);
}

void unpack_health(Unpacker& in, ChannelState& channel) {
    channel.failures = in.u32();
    channel.first_failed = in.elapsed();
    channel.last_error = in.text();
    channel.last_delivered = in.wall();
    channel.dead = in.u8() != 0;
    channel.state_since = in.wall();
    channel.probed = in.elapsed();
}

void pack_merged(Packer& out, const ChannelState& channel) {
    out.u32(channel.merged_opened);
    out.u32(channel.merged_resolved);
    out.u32(channel.merged_reopened);
    out.u64(channel.numbered);
    out.count(channel.merged.size());
    for (const MergedMessage& message : channel.merged) {
        out.u64(message.incident);
        out.text(message.transition);
        out.text(message.title);
        out.text(message.site);
        out.u32(message.priority);
        out.time(message.at);
    }
}

void unpack_merged(Unpacker& in, ChannelState& channel) {
    channel.merged_opened = in.u32();
    channel.merged_resolved = in.u32();
    channel.merged_reopened = in.u32();
    channel.numbered = in.u64();
    for (std::size_t left = in.count(44); left > 0; --left) {
        MergedMessage message;
        message.incident = in.u64();
        message.transition = in.text();
        message.title = in.text();
        message.site = in.text();
        message.priority = in.u32();
        message.at = in.wall();
        channel.merged.push_back(std::move(message));
    }
}

}  // namespace

std::string encode_channels(const State& state) {
    Packer out;
    out.u32(state.telling.last_id);
    out.count(state.telling.all.size());
    for (const ChannelState& channel : state.telling.all) {
        out.text(channel.type);
        out.text(channel.target);
        out.text(channel.match.text());
        out.u32(channel.rate.messages);
        out.duration(channel.rate.per);
        out.duration(channel.dead_after);
        out.u32(channel.id);
        out.u64(channel.timer);
        out.time(channel.timer_due);
        out.duration(channel.meter.used_until());
        pack_merged(out, channel);
        pack_health(out, channel);
    }
    return out.take();
}

bool decode_channels(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    state.telling.last_id = in.u32();
    if (in.count(100) != state.telling.all.size()) {
        return false;
    }
    for (ChannelState& channel : state.telling.all) {
        channel.type = in.text();
        channel.target = in.text();
        if (const std::string match = in.text(); !match.empty()) {
            const auto query = config::Query::parse(match);
            if (!query) {
                return false;
            }
            channel.match = *query;
        }
        channel.rate.messages = in.u32();
        channel.rate.per = in.duration();
        channel.dead_after = in.duration();
        channel.id = in.u32();
        channel.timer = in.u64();
        channel.timer_due = in.elapsed();
        channel.meter.change(channel.rate);
        channel.meter.restore(in.duration());
        unpack_merged(in, channel);
        unpack_health(in, channel);
    }
    return in.done();
}

std::string encode_telling(const State& state) {
    Packer out;
    out.count(state.outgoing.size());
    for (const auto& [id, outgoing] : state.outgoing) {
        out.text(id);
        out.u64(outgoing.incident);
        out.time(outgoing.created);
        out.u32(outgoing.attempts);
        out.text(outgoing.channel);
        out.count(outgoing.merged.size());
        for (const std::uint64_t number : outgoing.merged) {
            out.u64(number);
        }
    }
    out.count(state.verdicts.size());
    for (const auto& [key, kept] : state.verdicts) {
        out.text(kept.actor);
        out.text(kept.key);
        out.time(kept.given);
        out.u32(static_cast<std::uint32_t>(kept.verdict.status));
        out.text(kept.verdict.body);
        out.text(kept.verdict.etag);
    }
    return out.take();
}

bool decode_telling(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    for (std::size_t left = in.count(28); left > 0; --left) {
        const std::string id = in.text();
        Outgoing& outgoing = state.outgoing[id];
        outgoing.incident = in.u64();
        outgoing.created = in.elapsed();
        outgoing.attempts = in.u32();
        if (state.loaded_version < 3) {
            outgoing.channel = channel_of(id);
            continue;
        }
        outgoing.channel = in.text();
        for (std::size_t merged = in.count(8); merged > 0; --merged) {
            outgoing.merged.push_back(in.u64());
        }
    }
    for (std::size_t left = in.count(44); left > 0; --left) {
        KeptVerdict kept;
        kept.actor = in.text();
        kept.key = in.text();
        kept.given = in.elapsed();
        kept.verdict.status = static_cast<int>(in.u32());
        kept.verdict.body = in.text();
        kept.verdict.etag = in.text();
        std::pair key(kept.actor, kept.key);
        state.verdicts.emplace(std::move(key), std::move(kept));
    }
    for (const auto& [id, outgoing] : state.outgoing) {
        if (ChannelState* channel = state.telling.find(outgoing.channel); channel != nullptr) {
            channel->waiting += 1;
        }
    }
    return in.done();
}

}  // namespace muster::collector
