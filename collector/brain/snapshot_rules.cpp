// The parts of snapshot_parts.hpp about rules: specs, policies, thresholds, and what judging remembers.
#include "collector/brain/packing.hpp"
#include "collector/brain/snapshot_parts.hpp"

#include <algorithm>

namespace muster::collector {

namespace {

void pack_availability(Packer& out, const std::optional<config::AvailabilityLimit>& limit) {
    out.u8(limit ? 1 : 0);
    if (limit) {
        out.u32(limit->below);
        out.u32(limit->recover);
        out.duration(limit->over);
        out.u32(limit->min_samples);
    }
}

std::optional<config::AvailabilityLimit> unpack_availability(Unpacker& in) {
    if (in.u8() == 0) {
        return std::nullopt;
    }
    config::AvailabilityLimit limit;
    limit.below = in.u32();
    limit.recover = in.u32();
    limit.over = in.duration();
    limit.min_samples = in.u32();
    return limit;
}

void pack_metrics(Packer& out, const std::vector<config::MetricLimit>& metrics) {
    out.count(metrics.size());
    for (const config::MetricLimit& limit : metrics) {
        out.text(limit.probe_type);
        out.text(limit.metric);
        out.text(limit.unit);
        out.u32(limit.column);
        out.u32(limit.decimals);
        out.choice(limit.side);
        out.u64(static_cast<std::uint64_t>(limit.limit));
        out.u64(static_cast<std::uint64_t>(limit.clear));
        out.u32(limit.in_a_row);
    }
}

std::vector<config::MetricLimit> unpack_metrics(Unpacker& in) {
    std::vector<config::MetricLimit> out;
    for (std::size_t left = in.count(53); left > 0; --left) {
        config::MetricLimit limit;
        limit.probe_type = in.text();
        limit.metric = in.text();
        limit.unit = in.text();
        limit.column = in.u32();
        limit.decimals = in.u32();
        limit.side = in.choice(config::Side::below);
        limit.limit = static_cast<std::int64_t>(in.u64());
        limit.clear = static_cast<std::int64_t>(in.u64());
        limit.in_a_row = in.u32();
        out.push_back(std::move(limit));
    }
    return out;
}

void pack_flapping(Packer& out, const config::Flapping& flapping) {
    out.u32(flapping.transitions);
    out.duration(flapping.over);
}

config::Flapping unpack_flapping(Unpacker& in) {
    config::Flapping flapping;
    flapping.transitions = in.u32();
    flapping.over = in.duration();
    return flapping;
}

}  // namespace

void pack_rule(Packer& out, const config::Rule& rule) {
    out.u32(rule.failures);
    out.u32(rule.successes);
    out.duration(rule.hold);
    pack_availability(out, rule.availability);
    pack_metrics(out, rule.metrics);
    pack_flapping(out, rule.flapping);
}

config::Rule unpack_rule(Unpacker& in, std::uint32_t version) {
    config::Rule rule;
    rule.failures = in.u32();
    rule.successes = in.u32();
    rule.hold = in.duration();
    if (version >= 3) {
        rule.availability = unpack_availability(in);
        rule.metrics = unpack_metrics(in);
        rule.flapping = unpack_flapping(in);
    }
    return rule;
}

void pack_parts(Packer& out, const config::RuleParts& parts) {
    out.u8(parts.answering ? 1 : 0);
    if (parts.answering) {
        out.u32(parts.answering->failures);
        pack_availability(out, parts.answering->availability);
    }
    pack_metrics(out, parts.metrics);
    out.u8(parts.successes ? 1 : 0);
    out.u32(parts.successes.value_or(0));
    out.u8(parts.hold ? 1 : 0);
    out.duration(parts.hold.value_or(Duration{}));
    out.u8(parts.flapping ? 1 : 0);
    pack_flapping(out, parts.flapping.value_or(config::Flapping{}));
}

config::RuleParts unpack_parts(Unpacker& in) {
    config::RuleParts parts;
    if (in.u8() != 0) {
        parts.answering.emplace();
        parts.answering->failures = in.u32();
        parts.answering->availability = unpack_availability(in);
    }
    parts.metrics = unpack_metrics(in);
    const bool has_successes = in.u8() != 0;
    const std::uint32_t successes = in.u32();
    const bool has_hold = in.u8() != 0;
    const Duration hold = in.duration();
    const bool has_flapping = in.u8() != 0;
    const config::Flapping flapping = unpack_flapping(in);
    parts.successes = has_successes ? std::optional(successes) : std::nullopt;
    parts.hold = has_hold ? std::optional(hold) : std::nullopt;
    parts.flapping = has_flapping ? std::optional(flapping) : std::nullopt;
    return parts;
}

std::string encode_thresholds(const State& state) {
    Packer out;
    out.count(state.thresholds.size());
    for (const config::Threshold& threshold : state.thresholds) {
        out.text(threshold.name);
        out.text(threshold.match.text());
        out.text(threshold.pin);
        out.text(threshold.probe_type);
        out.text(threshold.probe_name);
        pack_parts(out, threshold.parts);
    }
    return out.take();
}

bool decode_thresholds(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    for (std::size_t left = in.count(60); left > 0; --left) {
        config::Threshold threshold;
        threshold.name = in.text();
        const std::string match = in.text();
        if (!match.empty()) {
            auto query = config::Query::parse(match);
            if (!query) {
                return false;
            }
            threshold.match = std::move(*query);
        }
        threshold.pin = in.text();
        threshold.probe_type = in.text();
        threshold.probe_name = in.text();
        threshold.parts = unpack_parts(in);
        state.thresholds.push_back(std::move(threshold));
    }
    return in.done();
}

std::string encode_limits(const State& state) {
    std::vector<Slot> slots;
    slots.reserve(state.limits.size());
    for (const auto& [slot, memory] : state.limits) {
        slots.push_back(slot);
    }
    std::ranges::sort(slots);
    Packer out;
    out.count(slots.size());
    for (const Slot slot : slots) {
        const LimitMemory& memory = state.limits.at(slot);
        out.u32(slot);
        out.time(memory.last);
        out.u8(memory.last_failed ? 1 : 0);
        out.u8(memory.availability_exceeded ? 1 : 0);
        out.count(memory.down.size());
        for (const LimitMemory::Span& span : memory.down) {
            out.time(span.from);
            out.time(span.to);
        }
        out.count(memory.metrics.size());
        for (const LimitMemory::Metric& each : memory.metrics) {
            out.text(each.metric);
            out.choice(each.side);
            out.u32(each.run);
            out.u8(each.exceeded ? 1 : 0);
            out.time(each.since);
        }
    }
    return out.take();
}

bool decode_limits(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    for (std::size_t left = in.count(30); left > 0; --left) {
        LimitMemory& memory = state.limits[in.u32()];
        memory.last = in.wall();
        memory.last_failed = in.u8() != 0;
        memory.availability_exceeded = in.u8() != 0;
        for (std::size_t spans = in.count(16); spans > 0; --spans) {
            const WallTime from = in.wall();
            memory.down.push_back({from, in.wall()});
        }
        for (std::size_t metrics = in.count(22); metrics > 0; --metrics) {
            LimitMemory::Metric each;
            each.metric = in.text();
            each.side = in.choice(config::Side::below);
            each.run = static_cast<std::uint16_t>(in.u32());
            each.exceeded = in.u8() != 0;
            each.since = in.wall();
            memory.metrics.push_back(std::move(each));
        }
    }
    return in.done();
}

std::string encode_flaps(const State& state) {
    Packer out;
    out.count(state.flaps.size());
    for (const auto& [ci, flap] : state.flaps) {
        out.u32(ci);
        out.count(flap.transitions.size());
        for (const WallTime at : flap.transitions) {
            out.time(at);
        }
        out.u32(flap.count);
        out.time(flap.since);
        out.u64(flap.incident);
        out.duration(flap.over);
        out.u64(flap.timer);
    }
    return out.take();
}

bool decode_flaps(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    for (std::size_t left = in.count(40); left > 0; --left) {
        Flap& flap = state.flaps[in.u32()];
        for (std::size_t times = in.count(8); times > 0; --times) {
            flap.transitions.push_back(in.wall());
        }
        flap.count = in.u32();
        flap.since = in.wall();
        flap.incident = in.u64();
        flap.over = in.duration();
        flap.timer = in.u64();
    }
    return in.done();
}

}  // namespace muster::collector
