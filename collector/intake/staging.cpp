#include "collector/intake/staging.hpp"

#include "base/expect.hpp"

#include <algorithm>
#include <iterator>

namespace muster::collector {

/// Both: a cloned or hostile agent may name another's spool.
std::size_t Staging::StreamHash::operator()(const Stream& stream) const {
    return UuidHash{}(stream.first) ^ UuidHash {}(stream.second);
}

namespace {

Pending entry_of(EntryKind kind, std::string body) {
    Pending entry;
    entry.kind = kind;
    entry.body = std::move(body);
    return entry;
}

/// Of these the newer one stands for both.
bool is_presence(EntryKind kind) {
    return kind == EntryKind::agent_connected || kind == EntryKind::agent_disconnected;
}

}  // namespace

void Staging::add(EntryKind kind, std::string body, AgentId about) {
    if (about != AgentId{}) {
        said_.push_back({.kind = kind, .body = body, .about = about});
    }
    pending_.push_back(entry_of(kind, std::move(body)));
    // Records that come after this entry must stay after it.
    batch_is_open_ = false;
    is_urgent_ = true;
}

BatchGroup& Staging::open_batch() {
    if (!batch_is_open_) {
        Pending batch;
        batch.kind = EntryKind::batch;
        pending_.push_back(std::move(batch));
        cursor_of_.clear();
        batch_is_open_ = true;
    }
    return pending_.back().batch;
}

void Staging::advance(const CursorUpdate& step) {
    BatchGroup& batch = open_batch();
    const auto [found, is_new] =
        cursor_of_.try_emplace({step.agent, step.spool}, batch.cursors.size());
    if (is_new) {
        batch.cursors.push_back(step);
        return;
    }
    CursorUpdate& update = batch.cursors[found->second];
    expect(step.first_seq == update.last_seq + 1, "records are staged in sequence");
    update.last_seq = step.last_seq;
    update.fingerprint = step.fingerprint;
    update.results += step.results;
    is_urgent_ = is_urgent_ || step.last_seq - update.first_seq + 1 >= options_.stream_records;
}

void Staging::add_record(
    proto::BatchEntry::Item item, DecodedBatch decoded, const CursorUpdate& step, bool urgent
) {
    BatchGroup& batch = open_batch();
    is_urgent_ = is_urgent_ || urgent;
    advance(step);
    count(step.agent, item.payload().size(), memory_bytes(decoded));
    batch.entry.add_items()->Swap(&item);
    batch.decoded.push_back(std::move(decoded));
}

void Staging::add_quarantined(QuarantinedRecord record, const CursorUpdate& step) {
    BatchGroup& batch = open_batch();
    advance(step);
    count(step.agent, record.payload.size(), sizeof(QuarantinedRecord));
    batch.quarantined.push_back(std::move(record));
}

void Staging::count(AgentId agent, std::size_t payload, std::size_t unpacked) {
    staged_bytes_ += payload;
    staged_memory_ += payload + unpacked;
    staged_of_[agent] += payload + unpacked;
}

std::size_t Staging::memory_of(AgentId agent) const {
    const auto in = [agent](const MemoryOf& all) {
        const auto found = all.find(agent);
        return found == all.end() ? 0 : found->second;
    };
    std::size_t bytes = in(staged_of_);
    for (const InFlight& each : in_flight_) {
        bytes += in(each.memory_of);
    }
    return bytes;
}

MonoTime Staging::due() const {
    if (pending_.empty() || in_flight_.size() >= options_.in_flight) {
        return MonoTime::max();
    }
    if (last_taken_ && has_failed_) {
        return *last_taken_ + options_.after_failure;
    }
    if (!last_taken_ || staged_bytes_ >= options_.group_bytes) {
        return MonoTime::min();
    }
    return *last_taken_ + (is_urgent_ ? options_.linger : options_.gather);
}

std::optional<Staging::Group> Staging::take(MonoTime now) {
    if (pending_.empty() || due() > now) {
        return std::nullopt;
    }
    last_taken_ = now;
    InFlight flight{
        .id = next_id_++,
        .memory = staged_memory_,
        .said = std::exchange(said_, {}),
        .cursors = {},
        .memory_of = std::exchange(staged_of_, {})
    };
    for (const Pending& pending : pending_) {
        std::ranges::copy(pending.batch.cursors, std::back_inserter(flight.cursors));
    }
    in_flight_memory_ += flight.memory;
    in_flight_.push_back(std::move(flight));
    Group group{.id = in_flight_.back().id, .pending = std::exchange(pending_, {})};
    staged_bytes_ = 0;
    staged_memory_ = 0;
    batch_is_open_ = false;
    is_urgent_ = false;
    return group;
}

Staging::InFlight Staging::end_flight(std::uint64_t id) {
    const auto found = std::ranges::find(in_flight_, id, &InFlight::id);
    expect(found != in_flight_.end(), "a group is answered once");
    InFlight flight = std::move(*found);
    in_flight_memory_ -= flight.memory;
    in_flight_.erase(found);
    return flight;
}

std::vector<CursorUpdate> Staging::stored(std::uint64_t id) {
    has_failed_ = false;
    return end_flight(id).cursors;
}

/// Something newer of that kind is on its way, or waits.
bool Staging::is_outdated(const Said& said) const {
    const auto replaces = [&said](const Said& newer) {
        return newer.about == said.about &&
               (newer.kind == said.kind || (is_presence(newer.kind) && is_presence(said.kind)));
    };
    return std::ranges::any_of(said_, replaces) ||
           std::ranges::any_of(in_flight_, [&](const InFlight& each) {
               return std::ranges::any_of(each.said, replaces);
           });
}

/// From the newest back, each before what is there: an agent comes before what it brings.
void Staging::failed(std::uint64_t id) {
    has_failed_ = true;
    InFlight flight = end_flight(id);
    for (auto said = flight.said.rbegin(); said != flight.said.rend(); ++said) {
        if (!is_outdated(*said)) {
            pending_.insert(pending_.begin(), entry_of(said->kind, said->body));
            said_.insert(said_.begin(), std::move(*said));
            is_urgent_ = true;
        }
    }
}

void Staging::drop_records() {
    std::erase_if(pending_, [](const Pending& one) { return one.kind == EntryKind::batch; });
    staged_bytes_ = 0;
    staged_memory_ = 0;
    staged_of_.clear();
    batch_is_open_ = false;
}

}  // namespace muster::collector
