#include "agent/spool_upkeep.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace muster::agent {

SpoolUpkeep::SpoolUpkeep(SpoolSet spools, SpoolUpkeepOptions options, MonoTime now)
    : spools_(std::move(spools)), options_(options), last_trim_(now), last_save_(now) {}

void SpoolUpkeep::append(wire::Record record) {
    urgent_ = urgent_ || record.drop_class == wire::DropClass::state;
    auto taken = spools_.append(std::move(record));
    if (!taken && !refusing_) {
        log(LogLevel::error, "spool.refuses", {{"why", taken.error().text()}});
    }
    refusing_ = !taken;
}

void SpoolUpkeep::settle(MonoTime now) {
    const std::uint64_t waiting = spools_.unsynced_bytes();
    if (waiting == 0) {
        return;
    }
    const bool due =
        urgent_ || waiting >= options_.flush_bytes || now >= last_sync_ + options_.flush;
    if (!due || now < not_before_) {
        return;
    }
    auto synced = spools_.sync();
    last_sync_ = now;
    if (!synced) {
        not_before_ = now + options_.retry;
        if (!failing_since_) {
            failing_since_ = now;
            log(LogLevel::error, "spool.cannot_sync", {{"why", synced.error().text()}});
        }
        return;
    }
    if (failing_since_) {
        failing_since_.reset();
        log(LogLevel::notice, "spool.syncs_again", {});
    }
    urgent_ = false;
}

void SpoolUpkeep::maintain(MonoTime now, WallTime wall) {
    if (now >= last_trim_ + options_.trim_every) {
        last_trim_ = now;
        spools_.trim(now, wall);
    }
    if (failing_since_ && now - *failing_since_ >= options_.disk_patience) {
        spools_.trust_memory();
    }
    if (now >= last_save_ + options_.save_acked_every) {
        last_save_ = now;
        if (auto saved = spools_.save_acked(); !saved) {
            log(LogLevel::warning, "spool.acked_not_saved", {{"why", saved.error().text()}});
        }
    }
}

void SpoolUpkeep::finish() {
    if (const Status synced = spools_.sync_all(); !synced) {
        log(LogLevel::error, "spool.cannot_sync", {{"why", synced.error().text()}});
    }
    if (auto saved = spools_.save_acked(); !saved) {
        log(LogLevel::warning, "spool.acked_not_saved", {{"why", saved.error().text()}});
    }
}

MonoTime SpoolUpkeep::next_wake() const {
    const MonoTime upkeep = last_trim_ + options_.trim_every;
    if (spools_.unsynced_bytes() == 0) {
        return upkeep;
    }
    const bool is_due = urgent_ || spools_.unsynced_bytes() >= options_.flush_bytes;
    const MonoTime sync = is_due ? not_before_ : std::max(last_sync_ + options_.flush, not_before_);
    return std::min(upkeep, sync);
}

}  // namespace muster::agent
