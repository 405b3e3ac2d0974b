#include "collector/brain/packing.hpp"
#include "collector/brain/snapshot_parts.hpp"

namespace muster::collector {

namespace {

void pack_set(Packer& out, const std::set<std::uint32_t>& items) {
    out.count(items.size());
    for (const std::uint32_t item : items) {
        out.u32(item);
    }
}

std::set<std::uint32_t> unpack_set(Unpacker& in) {
    std::set<std::uint32_t> items;
    for (std::size_t left = in.count(4); left > 0; --left) {
        items.insert(items.end(), in.u32());
    }
    return items;
}

void pack_numbers(Packer& out, const std::map<std::uint32_t, std::uint64_t>& items) {
    out.count(items.size());
    for (const auto& [key, value] : items) {
        out.u32(key);
        out.u64(value);
    }
}

void unpack_numbers(Unpacker& in, std::map<std::uint32_t, std::uint64_t>& items) {
    for (std::size_t left = in.count(12); left > 0; --left) {
        const std::uint32_t key = in.u32();
        items[key] = in.u64();
    }
}

void pack_times(Packer& out, const std::map<std::uint32_t, Elapsed>& items) {
    out.count(items.size());
    for (const auto& [key, value] : items) {
        out.u32(key);
        out.time(value);
    }
}

void unpack_times(Unpacker& in, std::map<std::uint32_t, Elapsed>& items) {
    for (std::size_t left = in.count(12); left > 0; --left) {
        const std::uint32_t key = in.u32();
        items[key] = in.elapsed();
    }
}

void pack_isolations(Packer& out, const Causes& causes) {
    out.count(causes.isolations.size());
    for (const auto& [agent, isolation] : causes.isolations) {
        out.u32(agent);
        out.time(isolation.since);
        out.u64(isolation.incident);
        out.u64(isolation.timer);
        pack_set(out, isolation.cis);
    }
    out.count(causes.blind.size());
    for (const auto& [agent, blind] : causes.blind) {
        out.u32(agent);
        out.time(blind.from);
        out.time(blind.to);
        out.u32(blind.boot);
        out.duration(blind.answered);
    }
}

void unpack_isolations(Unpacker& in, Causes& causes, std::uint32_t version) {
    for (std::size_t left = in.count(36); left > 0; --left) {
        Isolation& isolation = causes.isolations[in.u32()];
        isolation.since = in.wall();
        isolation.incident = in.u64();
        isolation.timer = in.u64();
        isolation.cis = unpack_set(in);
    }
    for (std::size_t left = in.count(20); left > 0; --left) {
        BlindTime& blind = causes.blind[in.u32()];
        blind.from = in.wall();
        blind.to = in.wall();
        if (version >= 6) {
            blind.boot = in.u32();
            blind.answered = in.duration();
        }
    }
}

void pack_cuts(Packer& out, const Causes& causes) {
    out.count(causes.cuts.size());
    for (const auto& [site, cut] : causes.cuts) {
        out.text(site);
        out.u64(cut.incident);
        out.u64(cut.timer);
    }
}

void unpack_cuts(Unpacker& in, Causes& causes) {
    for (std::size_t left = in.count(24); left > 0; --left) {
        SiteCut& cut = causes.cuts[in.text()];
        cut.incident = in.u64();
        cut.timer = in.u64();
    }
}

void pack_storms(Packer& out, const Causes& causes) {
    out.count(causes.storms.size());
    for (const auto& [number, storm] : causes.storms) {
        out.u64(number);
        out.text(storm.key);
        pack_set(out, storm.left);
        out.u32(storm.peak);
        out.u64(storm.timer);
    }
    pack_numbers(out, causes.left_by_storm);
    out.count(causes.recent.size());
    for (const RecentOpening& each : causes.recent) {
        out.time(each.at);
        out.u32(each.ci);
    }
}

void unpack_storms(Unpacker& in, Causes& causes) {
    for (std::size_t left = in.count(36); left > 0; --left) {
        Storm& storm = causes.storms[in.u64()];
        storm.key = in.text();
        storm.left = unpack_set(in);
        storm.peak = in.u32();
        storm.timer = in.u64();
    }
    unpack_numbers(in, causes.left_by_storm);
    for (std::size_t left = in.count(12); left > 0; --left) {
        const Elapsed at = in.elapsed();
        causes.recent.push_back({at, in.u32()});
    }
}

void pack_symptoms(Packer& out, const Causes& causes) {
    out.count(causes.withheld.size());
    for (const auto& [ci, withheld] : causes.withheld) {
        out.u32(ci);
        out.choice(withheld.why);
        out.u64(withheld.cause);
    }
    out.count(causes.symptoms.size());
    for (const auto& [incident, cis] : causes.symptoms) {
        out.u64(incident);
        pack_set(out, cis);
    }
}

void unpack_symptoms(Unpacker& in, Causes& causes) {
    for (std::size_t left = in.count(13); left > 0; --left) {
        Withheld& withheld = causes.withheld[in.u32()];
        withheld.why = in.choice(Withholding::window);
        withheld.cause = in.u64();
    }
    for (std::size_t left = in.count(16); left > 0; --left) {
        const std::uint64_t incident = in.u64();
        causes.symptoms[incident] = unpack_set(in);
    }
}

}  // namespace

std::string encode_causes(const State& state) {
    const Causes& causes = state.causes;
    Packer out;
    out.u8(causes.watch.enabled ? 1 : 0);
    out.duration(causes.watch.interval);
    out.u32(causes.watch.failures);
    out.u32(causes.watch.port);
    out.u32(causes.brake.incidents);
    out.duration(causes.brake.within);
    pack_isolations(out, causes);
    pack_cuts(out, causes);
    pack_storms(out, causes);
    pack_symptoms(out, causes);
    pack_numbers(out, causes.hosts_down);
    pack_numbers(out, causes.silences);
    pack_times(out, causes.goodbyes);
    pack_times(out, causes.patience);
    out.u8(causes.watch_stale ? 1 : 0);
    pack_numbers(out, causes.copies);
    return out.take();
}

bool decode_causes(State& state, std::string_view bytes) {
    Causes& causes = state.causes;
    Unpacker in(bytes);
    causes.watch.enabled = in.u8() != 0;
    causes.watch.interval = in.duration();
    causes.watch.failures = in.u32();
    causes.watch.port = in.u32();
    causes.brake.incidents = in.u32();
    causes.brake.within = in.duration();
    unpack_isolations(in, causes, state.loaded_version);
    unpack_cuts(in, causes);
    unpack_storms(in, causes);
    unpack_symptoms(in, causes);
    unpack_numbers(in, causes.hosts_down);
    unpack_numbers(in, causes.silences);
    unpack_times(in, causes.goodbyes);
    unpack_times(in, causes.patience);
    causes.watch_stale = in.u8() != 0;
    if (!in.done()) {  // older states end here
        unpack_numbers(in, causes.copies);
    }
    return in.done();
}

}  // namespace muster::collector
