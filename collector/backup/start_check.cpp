#include "collector/backup/start_check.hpp"

#include "base/log.hpp"
#include "collector/backup/database_check.hpp"
#include "collector/backup/history_mend.hpp"
#include "collector/journal/segments.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace muster::collector {

namespace {

constexpr const char* note_name = "/running";
constexpr std::string_view failed_note = "a store failed\n";
constexpr std::size_t longest_note = 64;
/// Of looking through stores of which one failed: whoever starts the collector still waits for it.
constexpr Duration thorough = std::chrono::minutes(1);

enum class LastRun { orderly, cut_short, failed };

Result<LastRun> last_run(Files& files, const std::string& data_dir) {
    if (!files.exists(data_dir + note_name)) {
        return LastRun::orderly;
    }
    const auto note = read_file(files, data_dir + note_name, longest_note);
    if (!note) {
        return failure(note.error());
    }
    return *note == failed_note ? LastRun::failed : LastRun::cut_short;
}

/// Asks for the end of what takes too long.
class Alarm {
  public:
    explicit Alarm(Duration within)
        : thread_([this, within](const std::stop_token& done) {
              std::unique_lock lock(mutex_);
              if (!woken_.wait_for(lock, done, within, [&done] { return done.stop_requested(); })) {
                  rung_.request_stop();
              }
          }) {}

    std::stop_token token() const { return rung_.get_token(); }

  private:
    std::mutex mutex_;
    std::condition_variable_any woken_;
    std::stop_source rung_;
    std::jthread thread_;
};

/// What is wrong with a store; empty: nothing, as far as was seen.
Result<std::string> fault_of(
    Files& files, const std::string& path, StoreDepth depth, const std::stop_token& stop
) {
    if (!files.exists(path)) {
        return std::string();
    }
    const Status whole = check_store(path, depth, stop);
    if (whole) {
        return std::string();
    }
    if (whole.error().kind() == ErrorKind::timeout) {
        log(LogLevel::notice,
            "store.check_cut_short",
            {{"path", path}, {"effect", "what is damaged in it shows when it is read"}});
        return std::string();
    }
    return whole.error().kind() == ErrorKind::corrupt ? Result<std::string>(whole.error().text())
                                                      : Result<std::string>(failure(whole.error()));
}

/// The newest entry; 0 where there is no journal yet.
Result<Lsn> last_of_journal(Files& files, const std::string& data_dir) {
    const std::string journal = data_dir + "/journal";
    const auto segments =
        files.exists(journal) ? list_segments(journal) : Result<std::vector<Lsn>>();
    if (!segments || segments->empty()) {
        return segments ? Result<Lsn>(0) : failure(segments.error());
    }
    const auto last = last_entry_of(journal + "/" + segment_name(segments->back()));
    return last ? std::max(*last, segments->back() - 1) : last;
}

Result<std::string> fault_of_all(
    Files& files, const std::string& data_dir, StoreDepth depth, const std::stop_token& stop
) {
    const std::string journal = data_dir + "/journal";
    std::vector<std::string> paths{data_dir + "/state.db", data_dir + "/access.db"};
    std::vector<Lsn> segments;
    if (files.exists(journal)) {
        auto found = list_segments(journal);
        if (!found) {
            return failure(found.error());
        }
        segments = std::move(*found);
    }
    if (!segments.empty()) {
        paths.push_back(journal + "/" + segment_name(segments.back()));
    }
    std::vector<Result<std::string>> faults(paths.size());
    {
        // All at once: people wait for it, and the disk and the processor seldom are both busy.
        std::vector<std::jthread> looking;
        for (std::size_t i = 0; i < paths.size(); ++i) {
            looking.emplace_back([&, i] { faults[i] = fault_of(files, paths[i], depth, stop); });
        }
    }
    for (Result<std::string>& fault : faults) {
        if (!fault || !fault->empty()) {
            return fault;
        }
    }
    if (segments.empty() || !files.exists(paths.front())) {
        return std::string();
    }
    const auto folded = position_of(paths.front());
    const auto last = last_of_journal(files, data_dir);
    if (!folded || !last) {
        return failure(folded ? last.error() : folded.error());
    }
    return folded->folded > *last
               ? "the journal ends before what state.db has folded: its last entries are lost"
               : std::string();
}

}  // namespace

Result<std::optional<Restored>> check_at_start(
    Files& files, RestorePlan plan, Duration within, WallTime now
) {
    const auto before = last_run(files, plan.data_dir);
    if (!before) {
        return failure(before.error());
    }
    // What ended the last run must be found, or it ends the next one too.
    const Alarm alarm(*before == LastRun::failed ? std::max(within, thorough) : within);
    const StoreDepth depth = *before == LastRun::orderly ? StoreDepth::head : StoreDepth::whole;
    const auto fault = fault_of_all(files, plan.data_dir, depth, alarm.token());
    if (!fault) {
        return failure(fault.error());
    }
    if (fault->empty()) {
        const auto last = last_of_journal(files, plan.data_dir);
        if (!last) {
            return failure(last.error());
        }
        const HistoryMending mending{
            .data_dir = plan.data_dir, .backups = plan.folder, .last = *last, .depth = depth
        };
        if (auto mended = mend_history(files, mending, alarm.token(), now); !mended) {
            return failure(mended.error());
        }
        return std::nullopt;
    }
    log(LogLevel::error, "store.damaged", {{"why", *fault}});
    plan.why = *fault;
    auto restored = restore(files, plan, now);
    if (!restored) {
        return failure(
            ErrorKind::corrupt,
            *fault + "; and no backup can take its place (" + restored.error().text() +
                "): give one with `muster-collector restore --from`, or move the folder away to "
                "begin "
                "anew",
            plan.data_dir
        );
    }
    log(LogLevel::error,
        "store.restored",
        {{"backup", restored->backup}, {"damaged", restored->aside}});
    return std::optional(std::move(*restored));
}

Status note_running(Files& files, const std::string& data_dir) {
    return write_file_atomically(files, data_dir + note_name, "");
}

Status note_failed(Files& files, const std::string& data_dir) {
    return write_file_atomically(files, data_dir + note_name, failed_note);
}

Status note_stopped(Files& files, const std::string& data_dir) {
    if (auto removed = files.remove(data_dir + note_name); !removed) {
        return removed;
    }
    return files.sync_directory(data_dir);
}

}  // namespace muster::collector
