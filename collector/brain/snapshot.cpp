#include "collector/brain/snapshot.hpp"

#include "base/failpoint.hpp"
#include "collector/brain/availability/batch.hpp"
#include "collector/brain/snapshot_codec.hpp"

#include <algorithm>
#include <functional>

namespace muster::collector {

namespace {

constexpr std::size_t page_bytes = 256 << 10;

using PageEncoder = std::string (*)(const State&, std::size_t);
using PageDecoder = bool (*)(State&, std::size_t, std::string_view);

/// An array saved page by page, and where its marks are.
struct PagedSection {
    std::string_view name;
    DirtyPages State::* marks;
    std::size_t (*pages)(const State& state);
    PageEncoder encode;
    PageDecoder decode;
};

std::size_t slot_pages(const State& state) {
    return (state.hot.size() + hot_page_slots - 1) / hot_page_slots;
}

std::size_t ci_pages(const State& state) {
    return (state.cis.size() + ci_page_items - 1) / ci_page_items;
}

std::size_t agent_pages(const State& state) {
    return state.agents.size();
}

constexpr PagedSection paged_sections[] = {
    {"hot", &State::hot_pages, slot_pages, encode_hot_page, decode_hot_page},
    {"cold", &State::cold_pages, slot_pages, encode_cold_page, decode_cold_page},
    {"ci", &State::ci_pages, ci_pages, encode_ci_page, decode_ci_page},
    {"epochs", &State::epoch_pages, agent_pages, encode_epochs, decode_epochs},
};

Failure unreadable(std::string_view section) {
    return failure(
        ErrorKind::corrupt,
        "the saved state cannot be read by this release; restore a backup of state.db",
        "state.db snapshot " + std::string(section)
    );
}

/// What is not saved since it follows from the rest.
void derive(State& state) {
    for (Slot slot = 0; slot < state.cold.size(); ++slot) {
        if (!state.cold[slot].id.is_nil()) {
            state.slot_by_id.emplace(state.cold[slot].id, slot);
        }
    }
    if (state.loaded_version != 0 && state.loaded_version < 4) {
        derive_targets(state);
    }
}

}  // namespace

void Snapshot::save_text(StateStore& store, std::string_view section, const std::string& bytes) {
    auto found = stored_.find(section);
    if (found == stored_.end()) {
        found = stored_.emplace(section, std::vector<std::uint64_t>{}).first;
    }
    std::vector<std::uint64_t>& hashes = found->second;
    const std::size_t pages = bytes.size() / page_bytes + 1;
    if (hashes.size() > pages) {
        store.cut_pages(section, static_cast<std::int64_t>(pages));
    }
    const std::size_t known = hashes.size();
    hashes.resize(pages);
    for (std::size_t page = 0; page < pages; ++page) {
        const std::string_view part = std::string_view(bytes).substr(page * page_bytes, page_bytes);
        const std::uint64_t hash = std::hash<std::string_view>{}(part);
        if (page >= known || hashes[page] != hash) {
            store.put_page(section, static_cast<std::int64_t>(page), part);
            hashes[page] = hash;
            ++pages_written_;
        }
    }
}

Status Snapshot::load_text(StateStore& store, std::string_view section, std::string& bytes) {
    std::vector<std::uint64_t> hashes;
    bytes.clear();
    Status read = store.read_pages(section, [&](std::int64_t page, std::string_view part) {
        if (page != static_cast<std::int64_t>(hashes.size())) {
            return Status(unreadable(section));
        }
        hashes.push_back(std::hash<std::string_view>{}(part));
        bytes += part;
        return Status{};
    });
    stored_[std::string(section)] = std::move(hashes);
    return read;
}

Status Snapshot::load(StateStore& store, State& state) {
    std::string bytes;
    const auto load_one = [&](const SectionCodec& section) -> Status {
        if (section.since > std::max(state.loaded_version, 1U)) {
            return {};
        }
        if (Status read = load_text(store, section.name, bytes); !read) {
            return read;
        }
        if (!section.decode(state, bytes)) {
            return unreadable(section.name);
        }
        return {};
    };
    for (const SectionCodec& section : small_sections()) {
        if (const Status loaded = load_one(section); !loaded) {
            return loaded;
        }
    }
    for (const SectionCodec& section : {statements_section(), plan_section(), targets_section()}) {
        if (const Status loaded = load_one(section); !loaded) {
            return loaded;
        }
    }
    for (const PagedSection& section : paged_sections) {
        std::size_t next = 0;
        Status read = store.read_pages(section.name, [&](std::int64_t page, std::string_view part) {
            const bool in_order = page == static_cast<std::int64_t>(next);
            ++next;
            return in_order && section.decode(state, next - 1, part)
                       ? Status{}
                       : Status(unreadable(section.name));
        });
        if (!read) {
            return read;
        }
        if (next != section.pages(state)) {
            return unreadable(section.name);
        }
        (state.*section.marks).grow(next);
        (state.*section.marks).clear();
    }
    state.cmdb_pages.clear();
    state.plan_pages.clear();
    derive(state);
    return {};
}

Status Snapshot::save(StateStore& store, State& state) {
    if (const Status begun = store.begin_snapshot(); !begun) {
        return begun;
    }
    for (const SectionCodec& section : small_sections()) {
        save_text(store, section.name, section.encode(state));
    }
    if (state.cmdb_pages.is_marked(0)) {
        save_text(store, "statements", statements_section().encode(state));
    }
    if (state.plan_pages.is_marked(0)) {
        save_text(store, "plan", plan_section().encode(state));
        save_text(store, "targets", targets_section().encode(state));
    }
    failpoint("brain.mid_snapshot");
    for (const PagedSection& section : paged_sections) {
        DirtyPages& marks = state.*section.marks;
        for (std::size_t page = 0; page < section.pages(state); ++page) {
            if (marks.is_marked(page)) {
                store.put_page(
                    section.name, static_cast<std::int64_t>(page), section.encode(state, page)
                );
                ++pages_written_;
            }
        }
    }
    if (const Status done = store.end_snapshot(state.lsn, state.elapsed); !done) {
        return done;
    }
    for (const PagedSection& section : paged_sections) {
        (state.*section.marks).clear();
    }
    state.cmdb_pages.clear();
    state.plan_pages.clear();
    return {};
}

std::string whole_state(const State& state) {
    std::string out;
    const auto add = [&out](std::string_view name, const std::string& bytes) {
        out += name;
        out += ' ' + std::to_string(bytes.size()) + '\n' + bytes;
    };
    for (const SectionCodec& section : small_sections()) {
        add(section.name, section.encode(state));
    }
    add("statements", statements_section().encode(state));
    add("plan", plan_section().encode(state));
    add("targets", targets_section().encode(state));
    for (const PagedSection& section : paged_sections) {
        for (std::size_t page = 0; page < section.pages(state); ++page) {
            add(section.name, section.encode(state, page));
        }
    }
    return out;
}

}  // namespace muster::collector
