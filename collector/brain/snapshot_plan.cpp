#include "base/compression.hpp"
#include "collector/brain/availability/batch.hpp"
#include "collector/brain/packing.hpp"
#include "collector/brain/planning.hpp"
#include "collector/brain/snapshot_codec.hpp"
#include "collector/brain/snapshot_parts.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace muster::collector {

void pack_probe(Packer& out, const ProbeSpec& probe) {
    out.text(probe.type);
    out.duration(probe.interval);
    out.duration(probe.timeout);
    out.text(probe.encoded);
    pack_pairs(out, probe.secret_files);
}

std::shared_ptr<const ProbeSpec> unpack_probe(Unpacker& in) {
    ProbeSpec probe;
    probe.type = in.text();
    probe.interval = in.duration();
    probe.timeout = in.duration();
    probe.encoded = in.text();
    probe.secret_files = unpack_pairs(in);
    return std::make_shared<const ProbeSpec>(std::move(probe));
}

namespace {

// Pages of the two large arrays are their memory: state.db does not travel between kinds of
// processors.
static_assert(std::has_unique_object_representations_v<HotProbe>);
static_assert(std::is_trivially_copyable_v<ColdProbe> && sizeof(ColdProbe) == 48);

template <class Item>
std::string raw_page(const std::vector<Item>& items, std::size_t page, std::size_t page_items) {
    const std::size_t from = page * page_items;
    const std::size_t to = std::min(items.size(), from + page_items);
    std::string out;
    if (from < to) {
        out.resize((to - from) * sizeof(Item));
        std::memcpy(out.data(), items.data() + from, out.size());
    }
    return out;
}

template <class Item>
bool load_raw_page(
    std::vector<Item>& items, std::size_t page, std::size_t page_items, std::string_view bytes
) {
    const std::size_t from = page * page_items;
    if (from >= items.size()) {
        return false;
    }
    const std::size_t count = std::min(items.size() - from, page_items);
    if (bytes.size() != count * sizeof(Item)) {
        return false;
    }
    std::memcpy(items.data() + from, bytes.data(), bytes.size());
    return true;
}

/// Before version 3 a probe ended with `row`.
bool load_former_cold_page(State& state, std::size_t page, std::string_view bytes) {
    constexpr std::size_t former_size = offsetof(ColdProbe, proven);
    const std::size_t from = page * hot_page_slots;
    if (from >= state.cold.size()) {
        return false;
    }
    const std::size_t count = std::min(state.cold.size() - from, hot_page_slots);
    if (bytes.size() != count * former_size) {
        return false;
    }
    for (std::size_t at = 0; at < count; ++at) {
        std::memcpy(&state.cold[from + at], bytes.data() + at * former_size, former_size);
    }
    return true;
}

void pack_told(Packer& out, const std::vector<cmdb::Told>& values) {
    out.count(values.size());
    for (const cmdb::Told& each : values) {
        out.text(each.name);
        out.text(each.value);
        out.time(each.since);
    }
}

/// Version 2 had the values that hold alone, without their moments.
std::vector<cmdb::Told> unpack_told(Unpacker& in, std::uint32_t version, WallTime observed) {
    std::vector<cmdb::Told> out;
    for (std::size_t left = in.count(16); left > 0; --left) {
        cmdb::Told& told = out.emplace_back();
        told.name = in.text();
        told.value = in.text();
        told.since = version >= 3 ? in.wall() : observed;
    }
    return out;
}

void pack_missing(Packer& out, const std::map<std::uint32_t, std::uint64_t>& missing) {
    out.count(missing.size());
    for (const auto& [number, timer] : missing) {
        out.u32(number);
        out.u64(timer);
    }
}

void unpack_surroundings(Unpacker& in, cmdb::Statement& statement) {
    statement.below = in.text();
    statement.missing = in.wall();
    for (std::size_t left = in.count(24); left > 0; --left) {
        cmdb::Related& related = statement.relations.emplace_back();
        related.type = in.text();
        related.to = in.text();
        related.since = in.wall();
    }
}

std::vector<cmdb::Word> unpack_words(Unpacker& in) {
    std::vector<cmdb::Word> words;
    for (std::size_t left = in.count(33); left > 0; --left) {
        cmdb::Word& word = words.emplace_back();
        for (std::string* text : {&word.a.source, &word.a.object, &word.b.source, &word.b.object}) {
            *text = in.text();
        }
        word.is_same = in.u8() != 0;
    }
    return words;
}

/// When values were said again: at the end, and only where some were, as version 5 added them.
void pack_repeated(Packer& out, const std::vector<cmdb::Identification::Saved>& saved) {
    Packer repeated;
    std::size_t count = 0;
    for (std::size_t at = 0; at < saved.size(); ++at) {
        const std::vector<cmdb::Told>& values = saved[at].statement.attributes;
        for (std::size_t value = 0; value < values.size(); ++value) {
            if (values[value].last != WallTime{}) {
                repeated.u32(static_cast<std::uint32_t>(at));
                repeated.u32(static_cast<std::uint32_t>(value));
                repeated.time(values[value].last);
                ++count;
            }
        }
    }
    if (count > 0) {
        out.count(count);
        out.bytes() += repeated.take();
    }
}

bool unpack_repeated(Unpacker& in, std::vector<cmdb::Identification::Saved>& saved) {
    for (std::size_t left = in.count(16); left > 0; --left) {
        const std::size_t at = in.u32();
        const std::size_t value = in.u32();
        if (at >= saved.size() || value >= saved[at].statement.attributes.size()) {
            return false;
        }
        saved[at].statement.attributes[value].last = in.wall();
    }
    return true;
}

std::string encode_statements(const State& state) {
    Packer out;
    const auto saved = state.identity.save();
    out.count(saved.size());
    for (const auto& each : saved) {
        const cmdb::Statement& statement = each.statement;
        out.id(each.ci);
        out.u8(each.present ? 1 : 0);
        out.text(statement.source);
        out.text(statement.object);
        out.text(statement.ci_class);
        out.time(statement.observed);
        pack_told(out, statement.attributes);
        out.count(statement.keys.size());
        for (const cmdb::Key& key : statement.keys) {
            out.text(key.space);
            out.text(key.kind);
            out.text(key.value);
            out.u32(key.rank);
            out.choice(key.trust);
            out.choice(key.values);
        }
        out.text(statement.below);
        out.time(statement.missing);
        out.count(statement.relations.size());
        for (const cmdb::Related& related : statement.relations) {
            out.text(related.type);
            out.text(related.to);
            out.time(related.since);
        }
    }
    out.count(state.identity.words().size());
    for (const cmdb::Word& word : state.identity.words()) {
        for (const std::string* text :
             {&word.a.source, &word.a.object, &word.b.source, &word.b.object}) {
            out.text(*text);
        }
        out.u8(word.is_same ? 1 : 0);
    }
    pack_missing(out, state.missing);
    pack_repeated(out, saved);
    return out.take();
}

bool decode_statements(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    std::vector<cmdb::Identification::Saved> saved;
    for (std::size_t left = in.count(60); left > 0; --left) {
        cmdb::Identification::Saved each;
        each.ci = in.id<CiId>();
        each.present = in.u8() != 0;
        each.statement.source = in.text();
        each.statement.object = in.text();
        each.statement.ci_class = in.text();
        each.statement.observed = in.wall();
        each.statement.attributes = unpack_told(in, state.loaded_version, each.statement.observed);
        for (std::size_t keys = in.count(30); keys > 0; --keys) {
            cmdb::Key key;
            key.space = in.text();
            key.kind = in.text();
            key.value = in.text();
            key.rank = in.u32();
            key.trust = in.choice(cmdb::KeyTrust::supporting);
            key.values = in.choice(cmdb::KeyValues::renewed);
            each.statement.keys.push_back(std::move(key));
        }
        if (state.loaded_version >= 3) {
            unpack_surroundings(in, each.statement);
        }
        saved.push_back(std::move(each));
    }
    std::vector<cmdb::Word> words;
    if (state.loaded_version >= 3) {
        words = unpack_words(in);
        for (std::size_t left = in.count(12); left > 0; --left) {
            const std::uint32_t number = in.u32();
            state.missing[number] = in.u64();
        }
    }
    if (!in.done() && !unpack_repeated(in, saved)) {
        return false;
    }
    state.identity = cmdb::Identification::load(std::move(saved), std::move(words));
    state.related = RelationIndex::of(state.identity);
    return in.done();
}

std::string encode_plan(const State& state) {
    Packer out;
    out.count(state.specs.size());
    for (const Spec& spec : state.specs) {
        pack_probe(out, *spec.probe);
        pack_rule(out, spec.rule);
        out.choice(spec.urgency);
        pack_vantage(out, spec.from);
    }
    out.count(state.names.size());
    for (NameIndex at = 0; at < state.names.size(); ++at) {
        out.text(state.names[at]);
    }
    return out.take();
}

bool decode_plan(State& state, std::string_view bytes) {
    Unpacker in(bytes);
    for (std::size_t left = in.count(60); left > 0; --left) {
        Spec spec;
        spec.probe = unpack_probe(in);
        spec.rule = unpack_rule(in, state.loaded_version);
        spec.urgency = in.choice(config::Urgency::low);
        spec.from = unpack_vantage(in, state.loaded_version);
        index_spec(state, state.specs, spec, static_cast<SpecIndex>(state.specs.size()));
        state.specs.push_back(std::move(spec));
    }
    for (std::size_t left = in.count(8); left > 0; --left) {
        state.names.add(in.text());
    }
    return in.done();
}

void pack_slots(Packer& out, const std::vector<Slot>& slots) {
    out.count(slots.size());
    for (const Slot slot : slots) {
        out.u32(slot);
    }
}

bool unpack_slots(Unpacker& in, std::size_t probes, std::vector<Slot>& slots) {
    for (std::size_t left = in.count(4); left > 0; --left) {
        slots.push_back(in.u32());
        if (slots.back() != nothing && slots.back() >= probes) {
            return false;
        }
    }
    return true;
}

}  // namespace

SectionCodec statements_section() {
    return {"statements", encode_statements, decode_statements};
}

SectionCodec plan_section() {
    return {"plan", encode_plan, decode_plan};
}

std::string encode_hot_page(const State& state, std::size_t page) {
    // Written every few seconds, and a fifth of its size in this form: less work than writing it plain.
    return zstd_compress(raw_page(state.hot, page, hot_page_slots));
}

std::string encode_cold_page(const State& state, std::size_t page) {
    return raw_page(state.cold, page, hot_page_slots);
}

bool decode_hot_page(State& state, std::size_t page, std::string_view bytes) {
    const std::size_t from = page * hot_page_slots;
    if (from >= state.hot.size()) {
        return false;
    }
    const std::size_t count = std::min(state.hot.size() - from, hot_page_slots);
    std::string raw;
    return zstd_decompress(bytes, count * sizeof(HotProbe), raw) &&
           load_raw_page(state.hot, page, hot_page_slots, raw);
}

bool decode_cold_page(State& state, std::size_t page, std::string_view bytes) {
    if (state.loaded_version < 3) {
        return load_former_cold_page(state, page, bytes);
    }
    return load_raw_page(state.cold, page, hot_page_slots, bytes);
}

std::string encode_ci_page(const State& state, std::size_t page) {
    const std::size_t from = page * ci_page_items;
    const std::size_t to = std::min(state.cis.size(), from + ci_page_items);
    Packer out;
    for (std::size_t at = from; at < to; ++at) {
        const CiState& ci = state.cis[at];
        out.id(ci.id);
        for (const std::string* text :
             {&ci.ci_class,
              &ci.name,
              &ci.address,
              &ci.site,
              &ci.service,
              &ci.key,
              &ci.source,
              &ci.state}) {
            out.text(*text);
        }
        pack_pairs(out, ci.others);
        out.u32(ci.agent);
        out.u8(ci.retired ? 1 : 0);
        out.time(ci.ended);
        out.time(ci.missing);
        out.id(ci.merged_into);
        for (const std::uint32_t number : {ci.probes, ci.proven, ci.troubled, ci.exceeded}) {
            out.u32(number);
        }
        out.u32(ci.limited);
    }
    return out.take();
}

bool decode_ci_page(State& state, std::size_t page, std::string_view bytes) {
    const std::size_t from = page * ci_page_items;
    const std::size_t to = std::min(state.cis.size(), from + ci_page_items);
    Unpacker in(bytes);
    for (std::size_t at = from; at < to; ++at) {
        CiState& ci = state.cis[at];
        ci.id = in.id<CiId>();
        for (std::string* text :
             {&ci.ci_class,
              &ci.name,
              &ci.address,
              &ci.site,
              &ci.service,
              &ci.key,
              &ci.source,
              &ci.state}) {
            *text = in.text();
        }
        ci.others = unpack_pairs(in);
        ci.agent = in.u32();
        ci.retired = in.u8() != 0;
        if (state.loaded_version >= 3) {
            ci.ended = in.wall();
            ci.missing = in.wall();
            ci.merged_into = in.id<CiId>();
        }
        for (std::uint32_t* number : {&ci.probes, &ci.proven, &ci.troubled, &ci.exceeded}) {
            *number = in.u32();
        }
        ci.limited = state.loaded_version >= 3 ? in.u32() : 0;
        state.ci_by_id.emplace(ci.id, static_cast<CiIndex>(at));
    }
    return from < to && in.done();
}

std::string encode_epochs(const State& state, std::size_t index) {
    const Agent& agent = state.agents[index];
    Packer out;
    pack_slots(out, agent.wanted);
    out.count(agent.epochs.size());
    for (const Agent::Epoch& epoch : agent.epochs) {
        out.u32(epoch.epoch);
        pack_slots(out, epoch.slots);
    }
    return out.take();
}

bool decode_epochs(State& state, std::size_t index, std::string_view bytes) {
    if (index >= state.agents.size()) {
        return false;
    }
    Agent& agent = state.agents[index];
    Unpacker in(bytes);
    bool good = unpack_slots(in, state.hot.size(), agent.wanted);
    for (std::size_t left = in.count(12); good && left > 0; --left) {
        Agent::Epoch& epoch = agent.epochs.emplace_back();
        epoch.epoch = in.u32();
        good = unpack_slots(in, state.hot.size(), epoch.slots);
    }
    return good && in.done();
}

}  // namespace muster::collector
