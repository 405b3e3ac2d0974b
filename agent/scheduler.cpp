#include "agent/scheduler.hpp"

#include "base/bytes.hpp"
#include "base/expect.hpp"

#include <algorithm>

namespace muster::agent {

using namespace std::chrono_literals;

namespace {

/// SplitMix64's finaliser: neighbouring ids get unrelated phases.
std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

std::uint64_t phase_of(const ProbeId& id) {
    return mixed(load_u64(id.raw().data()) ^ mixed(load_u64(id.raw().data() + 8)));
}

Duration fraction(std::uint64_t phase, Duration of) {
    return Duration(static_cast<std::int64_t>(phase % static_cast<std::uint64_t>(of.count())));
}

/// The first moment of the probe's own grid (phase + k · interval) after `after`.
MonoTime next_on_grid(std::uint64_t phase, Duration interval, MonoTime after) {
    const Duration offset = fraction(phase, interval);
    const Duration since = after.time_since_epoch() - offset;
    const std::int64_t whole = since.count() / interval.count() - (since.count() < 0 ? 1 : 0);
    return MonoTime(offset + interval * (whole + 1));
}

struct Known {
    MonoTime due;
    Duration interval;
    bool first;
    bool waiting;
};

}  // namespace

Scheduler::Scheduler(SchedulerOptions options) : options_(options) {
    expect(options_.most_running > 0, "a scheduler must be allowed to run something");
}

void Scheduler::assign(std::uint32_t epoch, std::vector<ScheduledProbe> probes, MonoTime now) {
    std::unordered_map<ProbeId, Known> known;
    known.reserve(entries_.size());
    for (; !due_.empty(); due_.pop()) {
        const Entry& entry = entries_[due_.top().entry];
        known.emplace(
            entry.probe->id, Known{due_.top().at, entry.probe->interval, entry.first, entry.waiting}
        );
    }
    epoch_ = epoch;
    entries_.clear();
    entries_.reserve(probes.size());
    lanes_.clear();
    lane_indexes_.clear();
    ready_.clear();
    // A few probes begin at once; many spread out.
    const Duration begin_within = std::min(
        options_.first_within, std::max<Duration>(1s, std::chrono::milliseconds(probes.size()))
    );
    for (ScheduledProbe& probe : probes) {
        expect(probe.interval > Duration{0}, "a probe has an interval above zero");
        const auto before = known.find(probe.id);
        const bool keeps = before != known.end() && before->second.interval == probe.interval;
        Entry entry;
        entry.phase = phase_of(probe.id);
        entry.lane = lane_index(probe.lane);
        entry.first = !keeps || before->second.first;
        entry.probe = std::make_shared<const ScheduledProbe>(std::move(probe));
        const Duration window = std::min(entry.probe->interval, begin_within);
        MonoTime due = now + (window > Duration{0} ? fraction(entry.phase, window) : Duration{0});
        if (keeps) {
            // A run that waited for its lane has not happened yet: it falls due again.
            due = before->second.waiting ? now : before->second.due;
        }
        place(std::move(entry), due);
    }
    adopt_running();
}

void Scheduler::place(Entry entry, MonoTime due) {
    due_.push({due, static_cast<std::uint32_t>(entries_.size())});
    entries_.push_back(std::move(entry));
}

/// Runs of the epoch before keep their lane busy, and their probe where it still exists.
void Scheduler::adopt_running() {
    if (running_.empty()) {
        return;
    }
    std::unordered_map<ProbeId, std::uint32_t> places;
    for (std::uint32_t index = 0; index < entries_.size(); ++index) {
        places.emplace(entries_[index].probe->id, index);
    }
    for (auto& [number, run] : running_) {
        run.lane_index = lane_index(run.lane);
        lanes_[run.lane_index].busy = true;
        const auto found = places.find(run.id);
        run.entry.reset();
        if (found != places.end()) {
            run.entry = found->second;
            entries_[found->second].running = true;
        }
    }
}

std::uint32_t Scheduler::lane_index(const std::string& lane) {
    const auto [at, added] =
        lane_indexes_.try_emplace(lane, static_cast<std::uint32_t>(lanes_.size()));
    if (added) {
        lanes_.emplace_back();
    }
    return at->second;
}

MonoTime Scheduler::next_due() const {
    if (!ready_.empty() && running_.size() < options_.most_running) {
        return MonoTime::min();
    }
    return due_.empty() ? MonoTime::max() : due_.top().at;
}

std::vector<Run> Scheduler::take_due(MonoTime now) {
    while (!due_.empty() && due_.top().at <= now) {
        const Due due = due_.top();
        due_.pop();
        fall_due(due, now);
    }
    std::vector<Run> runs;
    while (!ready_.empty() && running_.size() < options_.most_running) {
        runs.push_back(start(ready_.front()));
        ready_.pop_front();
    }
    return runs;
}

void Scheduler::fall_due(const Due& due, MonoTime now) {
    Entry& entry = entries_[due.entry];
    const Duration interval = entry.probe->interval;
    MonoTime next = next_on_grid(entry.phase, interval, now);
    if (entry.first && next - now < interval / 2) {
        next += interval;  // the first run was out of phase; do not follow it too closely
    }
    entry.first = false;
    due_.push({next, due.entry});
    // Whole intervals slept through (a suspended machine, a stalled loop) are runs that did not
    // happen.
    skipped_ += static_cast<std::uint64_t>((now - due.at) / interval);
    if (entry.running || entry.waiting) {
        ++skipped_;
        return;
    }
    entry.waiting = true;
    Lane& lane = lanes_[entry.lane];
    if (lane.busy) {
        lane.waiting.push_back(due.entry);
    } else {
        lane.busy = true;
        ready_.push_back(due.entry);
    }
}

Run Scheduler::start(std::uint32_t index) {
    Entry& entry = entries_[index];
    entry.waiting = false;
    entry.running = true;
    const std::uint64_t number = next_number_++;
    running_.emplace(number, InFlight{entry.probe->id, entry.probe->lane, entry.lane, index});
    return {number, entry.probe};
}

std::optional<std::uint32_t> Scheduler::finished(std::uint64_t number) {
    const auto found = running_.find(number);
    expect(found != running_.end(), "a run ends once");
    const InFlight run = std::move(found->second);
    running_.erase(found);
    Lane& lane = lanes_[run.lane_index];
    if (lane.waiting.empty()) {
        lane.busy = false;
    } else {
        ready_.push_back(lane.waiting.front());
        lane.waiting.pop_front();
    }
    if (!run.entry) {
        return std::nullopt;
    }
    entries_[*run.entry].running = false;
    return entries_[*run.entry].probe->dense;
}

}  // namespace muster::agent
