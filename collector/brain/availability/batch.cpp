#include "collector/brain/availability/batch.hpp"

#include "collector/brain/availability/judgement.hpp"
#include "collector/brain/availability/limits.hpp"

#include <algorithm>
#include <limits>

namespace muster::collector {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::size_t boots_kept = 16;
/// An agent's clock may run ahead by this much; beyond, the collector's own time is taken.
constexpr Duration most_ahead = std::chrono::minutes(10);

const Agent::Epoch* find_epoch(const Agent& agent, std::uint32_t epoch) {
    for (auto at = agent.epochs.rbegin(); at != agent.epochs.rend(); ++at) {
        if (at->epoch == epoch) {
            return &*at;
        }
    }
    return nullptr;
}

/// The brain's id of one boot of the agent's machine; new ones take their place in the order of
/// time.
std::uint32_t boot_id(State& state, Agent& agent, std::uint64_t boot) {
    const auto known = std::ranges::find(agent.boots, boot, &Agent::Boot::boot);
    if (known != agent.boots.end()) {
        return known->id;
    }
    if (agent.boots.size() == boots_kept) {
        agent.boots.erase(agent.boots.begin());
    }
    const std::uint32_t id = ++state.last_boot;
    // What a spool still holds of a boot before the one announced at the last Hello is older than
    // that one.
    const bool before_announced =
        !agent.boots.empty() && agent.boots.back().boot == agent.hello_boot;
    agent.boots.insert(before_announced ? agent.boots.end() - 1 : agent.boots.end(), {boot, id});
    return id;
}

WallTime event_time(const Fold& fold, const DecodedBatch& batch, std::int32_t offset_ms) {
    const WallTime at = batch.wall + std::chrono::milliseconds(offset_ms);
    return at > fold.wall + most_ahead ? fold.wall : at;
}

/// Notes are sorted by index and results are visited in order: the next one is all there is to look for.
class Notes {
  public:
    explicit Notes(const std::vector<wire::ResultNote>& notes) : notes_(notes) { find_next(0); }

    /// Index of the result it belongs to; beyond all results where none is left.
    std::size_t next() const { return next_; }

    /// The next one, for its result; the one behind it takes its place.
    const wire::ResultNote* take() {
        const wire::ResultNote* note = &notes_[cursor_++];
        find_next(next_ + 1);
        return note;
    }

  private:
    void find_next(std::size_t from) {
        while (cursor_ < notes_.size() && notes_[cursor_].index < from) {
            ++cursor_;
        }
        next_ = cursor_ < notes_.size() ? notes_[cursor_].index
                                        : std::numeric_limits<std::size_t>::max();
    }

    const std::vector<wire::ResultNote>& notes_;
    std::size_t cursor_ = 0;
    std::size_t next_ = 0;
};

/// Walks the runs of values beside the results: asked for results in rising order, of few of them.
class Values {
  public:
    explicit Values(const wire::ResultBatch& results) : results_(results) {}

    std::span<const std::int64_t> of(std::size_t result) {
        const auto& runs = results_.value_runs;
        while (run_ < runs.size() && result >= first_ + runs[run_].results) {
            first_ += runs[run_].results;
            offset_ += std::size_t{runs[run_].results} * runs[run_].values;
            ++run_;
        }
        if (run_ == runs.size()) {
            return {};
        }
        const std::size_t from = offset_ + (result - first_) * runs[run_].values;
        const std::size_t to = from + runs[run_].values;
        return to > results_.values.size() ? std::span<const std::int64_t>{}
                                           : std::span(results_.values).subspan(from, to - from);
    }

  private:
    const wire::ResultBatch& results_;
    std::size_t run_ = 0;
    std::size_t first_ = 0;   ///< result the run begins with
    std::size_t offset_ = 0;  ///< of its values
};

}  // namespace

void fold_results(Fold& fold, AgentIndex index, const DecodedBatch& batch) {
    State& state = fold.state;
    Agent& agent = state.agents[index];
    const wire::ResultBatch& results = batch.results;
    const Agent::Epoch* epoch = find_epoch(agent, results.epoch);
    const std::size_t size = results.size();
    // Sorted by probe: the last is the largest.
    if (epoch == nullptr || size == 0 || results.probe.back() >= epoch->slots.size()) {
        return;
    }
    state.results += size;
    const std::uint32_t boot = boot_id(state, agent, results.boot);
    const std::int64_t base_ms = to_ns(batch.mono) / ns_per_ms;
    const Slot* slots = epoch->slots.data();
    HotProbe* hot = state.hot.data();
    std::uint8_t* pages = state.hot_pages.data();
    const std::uint32_t* dense = results.probe.data();
    const std::int32_t* offsets = results.time_ms.data();
    const std::uint8_t* states = results.state.data();
    Notes notes(results.notes);
    std::size_t noted = notes.next();
    Values values(results);
    for (std::size_t at = 0; at < size; ++at) {
        const wire::ResultNote* note = nullptr;
        if (at == noted) [[unlikely]] {
            note = notes.take();
            noted = notes.next();
        }
        const Slot slot = slots[dense[at]];
        if (slot == nothing) {
            continue;
        }
        HotProbe& probe = hot[slot];
        const std::int64_t at_ms = base_ms + offsets[at];
        pages[slot / hot_page_slots] = 1;
        // What comes with words is looked at, though its state may be the same: its reason is not.
        const bool is_same = probe.boot == boot && probe.state == states[at] &&
                             at_ms > probe.latest_ms && note == nullptr;
        constexpr std::uint8_t quiet = HotProbe::settled | HotProbe::measured;
        if (is_same && (probe.flags & quiet) == HotProbe::settled) [[likely]] {
            probe.latest_ms = at_ms;
            continue;
        }
        std::span<const std::int64_t> numbers;
        if ((probe.flags & HotProbe::measured) != 0) {
            numbers = values.of(at);
            if (is_same && (probe.flags & quiet) == quiet && within_limits(state, slot, numbers)) {
                probe.latest_ms = at_ms;
                continue;
            }
        }
        judge(
            fold,
            {.probe = slot,
             .agent = index,
             .boot = boot,
             .at_ms = at_ms,
             .at = event_time(fold, batch, offsets[at]),
             .state = states[at],
             .note = note,
             .values = numbers}
        );
    }
    refresh_cis(fold);
}

}  // namespace muster::collector
