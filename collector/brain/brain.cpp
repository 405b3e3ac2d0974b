#include "collector/brain/brain.hpp"

#include "base/crypto.hpp"
#include "base/expect.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "collector/brain/availability/batch.hpp"
#include "collector/brain/availability/judgement.hpp"
#include "collector/brain/cmdb_work.hpp"
#include "collector/brain/commands.hpp"
#include "collector/brain/fold.hpp"
#include "collector/brain/gaps_stage.hpp"
#include "collector/brain/host_watch.hpp"
#include "collector/brain/incidents/copies.hpp"
#include "collector/brain/incidents/faults.hpp"
#include "collector/brain/incidents/isolation.hpp"
#include "collector/brain/incidents/reasons.hpp"
#include "collector/brain/incidents/record.hpp"
#include "collector/brain/incidents/silences.hpp"
#include "collector/brain/incidents/site_cut.hpp"
#include "collector/brain/incidents/storage.hpp"
#include "collector/brain/incidents/storm.hpp"
#include "collector/brain/observations_stage.hpp"
#include "collector/brain/outbox.hpp"
#include "collector/brain/policy_stage.hpp"
#include "collector/brain/presence.hpp"
#include "collector/brain/replanning.hpp"
#include "collector/brain/restored.hpp"
#include "collector/brain/snapshot.hpp"
#include "collector/brain/telling/channels.hpp"
#include "collector/brain/windows/windows.hpp"
#include "collector/journal/pending.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

/// Without rows the position is written this often: refolding in between writes nothing either.
constexpr Duration position_every = std::chrono::seconds(1);
/// Under load, rows of this much journal time share a transaction: every commit writes whole pages.
constexpr Duration rows_gather = std::chrono::milliseconds(100);
constexpr std::uint64_t checkpoint_bytes = 16U << 20U;
/// A restart folds results since the last snapshot again, a snapshot writes what is known of every probe: few probes are saved more
/// often. Beyond so many results for each the one costs no more than the other.
constexpr std::uint64_t results_a_probe = 25;
/// Half a second of folding; below that nobody waits for a restart.
constexpr std::uint64_t least_results = 5'000'000;

}  // namespace

struct Brain::Impl {
    Impl(BrainOptions given, StateStore opened)
        : options(std::move(given)),
          store(std::move(opened)),
          fold{.state = state, .store = store, .model = state.model, .options = options} {
        state.cmdb_pages.grow(1);
        state.plan_pages.grow(1);
    }

    BrainOptions options;
    State state;
    StateStore store;
    Snapshot snapshot;
    Fold fold;
    Lsn folded = 0;  ///< output up to here is in the store, committed
    Lsn last_snapshot = 0;
    Elapsed committed_at;
    Lsn asked_at = 0;  ///< position at the last commit()
    Elapsed snapshot_at;
    std::uint64_t snapshot_results = 0;
    std::uint64_t told_revision = 0;  ///< of State::telling, as released last
    std::vector<Effects::Answer> answers;
    std::vector<std::uint32_t> asked_epochs;  ///< by agent: asked to be issued in this run

    void run_timer(const Timer& timer) {
        const auto subject = static_cast<std::uint32_t>(timer.subject);
        switch (timer.kind) {
            case Timer::Kind::hold:
                hold_is_over(fold, subject, timer.id);
                break;
            case Timer::Kind::silence:
                silence_is_over(fold, subject, timer.id);
                break;
            case Timer::Kind::silent_incident:
                silence_is_long(fold, subject);
                break;
            case Timer::Kind::reopen:
                reopen_if_failing(fold, timer.subject);
                break;
            case Timer::Kind::close:
                close_if_settled(fold, timer.subject);
                break;
            case Timer::Kind::forget_verdict:
                forget_old_verdicts(fold);
                break;
            case Timer::Kind::host_watch:
                plan_host_watch(fold);
                break;
            case Timer::Kind::isolation:
                isolation_is_certain(fold, subject, timer.id);
                break;
            case Timer::Kind::site_cut:
                site_cut_is_certain(fold, subject, timer.id);
                break;
            case Timer::Kind::storm:
                storm_is_over(fold, timer.subject, timer.id);
                break;
            case Timer::Kind::goodbye:
                goodbye_is_long(fold, subject);
                break;
            case Timer::Kind::channel:
                channel_is_due(fold, subject, timer.id);
                break;
            case Timer::Kind::window:
                window_is_due(fold, timer.id);
                break;
            case Timer::Kind::flapping:
                flapping_is_over(fold, subject, timer.id);
                break;
            case Timer::Kind::copied:
                copy_is_gone(fold, subject, timer.id);
                break;
            case Timer::Kind::missing:
                missing_is_over(fold, subject, timer.id);
                break;
            case Timer::Kind::reason:
                reason_is_old(fold, timer.subject, timer.id);
                break;
        }
        plan_changed_cis(fold);
        refresh_cis(fold);
    }

    /// All timers due before the entry, each at its own time.
    void run_timers(const Entry& entry) {
        while (!state.timers.empty() && state.timers.begin()->due <= entry.elapsed) {
            const Timer timer = *state.timers.begin();
            state.timers.erase(state.timers.begin());
            fold.elapsed = std::max(timer.due, state.elapsed);
            const WallTime wall = entry.wall - (entry.elapsed - fold.elapsed);
            fold.wall = std::clamp(
                wall, std::min(state.wall, entry.wall), std::max(state.wall, entry.wall)
            );
            run_timer(timer);
        }
        fold.elapsed = entry.elapsed;
        fold.wall = entry.wall;
    }

    Status fold_batches(const Entry& entry) {
        if (entry.batches) {
            fold_batches(*entry.batches);
            return {};
        }
        const auto decoded = decode_batch_body(entry.body);
        if (!decoded) {
            return failure(decoded.error(), "journal entry " + std::to_string(entry.lsn));
        }
        fold_batches(*decoded);
        return {};
    }

    void fold_batches(const std::vector<DecodedBatch>& batches) {
        for (const DecodedBatch& batch : batches) {
            const auto found = state.agent_by_id.find(batch.agent);
            if (found == state.agent_by_id.end() ||
                state.agents[found->second].state == AgentState::revoked) {
                continue;
            }
            if (batch.gap) {
                fold_gap(fold, found->second, batch);
            } else if (batch.observations) {
                fold_observations(fold, found->second, *batch.observations);
                plan_changed_cis(fold);
            } else {
                fold_results(fold, found->second, batch);
            }
            if (!fold.events.empty()) {
                fold_events(fold);
            }
            if (!fold.changed_sight.empty()) {
                look_around(fold);
            }
            hear(fold, found->second);
            hear_record(fold, found->second, batch.spool, batch.seq + batch.span - 1, batch.wall);
        }
        trim_gaps(fold);
    }

    void dispatch(const Entry& entry) {
        switch (entry.kind) {
            case EntryKind::batch:
                return;  // can fail: see fold_one
            case EntryKind::agent_enrolled:
                return fold_enrolled(fold, entry);
            case EntryKind::agent_connected:
                return fold_connected(fold, entry);
            case EntryKind::agent_disconnected:
                return fold_disconnected(fold, entry);
            case EntryKind::agent_alive:
                return fold_alive(fold, entry);
            case EntryKind::agent_copied:
                return fold_copied(fold, entry);
            case EntryKind::agent_revoked:
                return fold_revoked(fold, entry);
            case EntryKind::collector_started:
                return fold_started(fold, entry);
            case EntryKind::collector_restored:
                return fold_restored(fold, entry);
            case EntryKind::collector_storage:
                return fold_storage(fold, entry);
            case EntryKind::config_loaded:
                return fold_config(fold, entry);
            case EntryKind::assignment_issued:
                return fold_issued(fold, entry);
            case EntryKind::command:
                return fold_command(fold, entry);
            case EntryKind::delivery_result:
                return fold_delivery(fold, entry);
            case EntryKind::clock_stepped:
                return run_windows(fold);
            case EntryKind::collector_stopping:
            case EntryKind::tick:
                return;
        }
    }

    Status fold_one(const Entry& entry) {
        // A fresh store may begin behind segments that retention has dropped.
        expect(
            entry.lsn == state.lsn + 1 || state.lsn == 0, "entries are folded in order, each once"
        );
        store.set_writing(entry.lsn <= folded ? Writing::off : Writing::on);
        store.begin_entry(entry.lsn);
        fold.lsn = entry.lsn;
        fold.ordinal = 0;
        fold.verdict.reset();
        if (entry.kind != EntryKind::collector_started) {
            run_timers(entry);
        } else {
            // Nothing that ran out while nobody listened is evidence: liveness and holds begin anew
            // first.
            fold.elapsed = entry.elapsed;
            fold.wall = entry.wall;
        }
        if (entry.kind == EntryKind::batch) {
            if (const Status folded_batches = fold_batches(entry); !folded_batches) {
                return folded_batches;
            }
        } else {
            dispatch(entry);
            plan_changed_cis(fold);
        }
        refresh_cis(fold);
        state.lsn = entry.lsn;
        state.elapsed = std::max(state.elapsed, entry.elapsed);
        state.wall = entry.wall;
        if (entry.kind == EntryKind::collector_started) {
            run_timers(entry);
        }
        if (fold.verdict && entry.lsn > folded) {
            answers.push_back({entry.lsn, std::move(*fold.verdict)});
        }
        return store.status();
    }

    void collect_appends(Effects& out) {
        if (!std::exchange(state.assignments_wanted, false)) {
            return;
        }
        asked_epochs.resize(state.agents.size());
        for (AgentIndex agent = 0; agent < state.agents.size(); ++agent) {
            const std::uint32_t wanted = state.agents[agent].wanted_epoch;
            if (wanted <= asked_epochs[agent] || wanted <= state.agents[agent].issued_epoch) {
                continue;
            }
            std::string body = wanted_assignment(state, agent);
            if (!body.empty()) {
                out.append.push_back({EntryKind::assignment_issued, std::move(body)});
                asked_epochs[agent] = wanted;
            }
        }
    }

    Result<Effects> commit() {
        Effects out;
        if (state.lsn < folded) {
            return out;  // refolding: everything was released in an earlier life
        }
        const bool is_idle = std::exchange(asked_at, state.lsn) == state.lsn;
        const Duration since = state.elapsed - committed_at;
        const bool is_awaited = !answers.empty() || !fold.shown.empty() || !fold.issued.empty() ||
                                state.assignments_wanted;
        if (store.has_rows() && !is_awaited && !is_idle && since < rows_gather) {
            return out;
        }
        if (store.has_rows() || since >= position_every) {
            failpoint("brain.before_commit");
            store.set_writing(Writing::on);
            if (const Status done = store.commit(state.lsn, state.elapsed); !done) {
                return failure(done.error(), "brain");
            }
            folded = state.lsn;
            committed_at = state.elapsed;
            failpoint("brain.after_commit");
            if (store.wal_bytes() > checkpoint_bytes) {
                if (const Status done = store.checkpoint(); !done) {
                    return failure(done.error(), "brain");
                }
            }
        }
        out.answers = std::exchange(answers, {});
        out.shown = std::exchange(fold.shown, {});
        out.last_incident = state.next_incident - 1;
        out.outbox_changed = std::exchange(fold.outbox_changed, false);
        out.events = store.take_events();
        out.receipts = store.take_receipts();
        for (const AgentIndex agent : std::exchange(fold.issued, {})) {
            out.issued.push_back(issued_assignment(state, agent));
        }
        if (std::exchange(told_revision, state.telling.revision) != state.telling.revision) {
            out.nobody_told = why_nobody_is_told(state);
        }
        collect_appends(out);
        return out;
    }

    Status save() {
        if (state.lsn < folded) {
            return {};
        }
        if (store.has_rows()) {
            store.set_writing(Writing::on);
            if (const Status done = store.commit(state.lsn, state.elapsed); !done) {
                return done;
            }
        }
        failpoint("brain.before_snapshot");
        store.set_writing(Writing::on);
        if (const Status saved = snapshot.save(store, state); !saved) {
            return failure(saved.error(), "brain");
        }
        folded = state.lsn;
        last_snapshot = state.lsn;
        snapshot_at = state.elapsed;
        snapshot_results = state.results;
        failpoint("brain.after_snapshot");
        return store.checkpoint();
    }

    Status load() {
        const auto position = store.position();
        if (!position) {
            return failure(position.error());
        }
        if (position->snapshot != 0) {
            if (const Status loaded = snapshot.load(store, state); !loaded) {
                return loaded;
            }
            if (state.lsn != position->snapshot) {
                return failure(ErrorKind::corrupt, "pages and position disagree", "state.db");
            }
        }
        folded = position->folded;
        last_snapshot = position->snapshot;
        snapshot_at = state.elapsed;
        committed_at = position->elapsed;
        snapshot_results = state.results;
        return {};
    }
};

Brain::Brain(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Brain::Brain(Brain&&) noexcept = default;
Brain::~Brain() = default;

Result<Brain> Brain::open(BrainOptions options) {
    auto store = StateStore::open(options.state_path);
    if (!store) {
        return failure(store.error());
    }
    auto impl = std::make_unique<Impl>(std::move(options), std::move(*store));
    if (const Status loaded = impl->load(); !loaded) {
        return failure(loaded.error(), "brain");
    }
    return Brain(std::move(impl));
}

Lsn Brain::kept_from() const {
    return impl_->last_snapshot + 1;
}

Lsn Brain::next_lsn() const {
    return impl_->state.lsn + 1;
}

Lsn Brain::folded() const {
    return impl_->folded;
}

Status Brain::fold(const Entry& entry) {
    return impl_->fold_one(entry);
}

Result<DatabaseCopy> Brain::begin_copy(const std::string& folder) {
    return impl_->store.begin_copy(folder);
}

Result<Effects> Brain::commit() {
    return impl_->commit();
}

Status Brain::snapshot_if_due() {
    const State& state = impl_->state;
    const std::uint64_t enough = std::max(least_results, results_a_probe * state.hot.size());
    const bool is_due = state.elapsed - impl_->snapshot_at >= impl_->options.snapshot_every ||
                        state.results - impl_->snapshot_results >=
                            std::min(impl_->options.snapshot_results, enough);
    return is_due ? impl_->save() : Status{};
}

Status Brain::snapshot_now() {
    return impl_->save();
}

std::vector<IssuedAssignments> Brain::assignments() const {
    std::vector<IssuedAssignments> out;
    for (AgentIndex agent = 0; agent < impl_->state.agents.size(); ++agent) {
        if (impl_->state.agents[agent].issued_epoch != 0) {
            out.push_back(issued_assignment(impl_->state, agent));
        }
    }
    return out;
}

std::string Brain::config_hash() const {
    return impl_->state.config_hash;
}

bool Brain::has_open(std::string_view key) const {
    return impl_->state.open_by_key.contains(std::string(key));
}

Result<std::string> Brain::digest() {
    return impl_->store.dump();
}

std::string Brain::memory_digest() const {
    return sha256(whole_state(impl_->state));
}

}  // namespace muster::collector
