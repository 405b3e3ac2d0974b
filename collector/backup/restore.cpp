#include "collector/backup/restore.hpp"

#include "base/log.hpp"
#include "collector/backup/file_copies.hpp"
#include "collector/backup/lasting.hpp"
#include "collector/enrolment/access_store.hpp"
#include "collector/journal/entries.pb.h"
#include "collector/journal/journal.hpp"
#include "collector/journal/segments.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::string_view ready_folder = "/restore.new";
/// "aside FOLDER" while what was there is moved away, "place FOLDER" while the backup's files are put there.
constexpr std::string_view marker_name = "/restoring";
constexpr std::size_t largest_marker = 4096;
constexpr std::string_view lasting_name = "/lasting";
/// What a backup stands for. `lock`, `lasting`, `admin.token` and the backups stay.
constexpr std::array<std::string_view, 11> replaced = {
    "journal",
    "history",
    "state.db",
    "state.db-wal",
    "state.db-shm",
    "access.db",
    "access.db-wal",
    "access.db-shm",
    "ca",
    "installation",
    "applied.json"
};

Result<Backup> read_backup(Files& files, const std::string& folder) {
    auto manifest = read_manifest(files, folder);
    if (!manifest) {
        return failure(
            manifest.error().kind(), manifest.error().what() + "; this is no backup", folder
        );
    }
    return Backup{.name = folder, .manifest = std::move(*manifest)};
}

/// Its name is its folder then.
Result<Backup> choose(Files& files, const RestorePlan& plan) {
    if (!plan.from.empty()) {
        const bool is_path = plan.from.find('/') != std::string::npos;
        auto named = read_backup(files, is_path ? plan.from : plan.folder + "/" + plan.from);
        const Status good =
            named ? verify_backup(files, named->name, named->manifest) : failure(named.error());
        return good ? std::move(named) : failure(good.error());
    }
    auto all = backups_in(files, plan.folder);
    if (!all) {
        return failure(all.error());
    }
    for (Backup& backup : *all | std::views::reverse) {
        backup.name = plan.folder + "/" + backup.name;
        const Status good = verify_backup(files, backup.name, backup.manifest);
        if (good) {
            return std::move(backup);
        }
        log(LogLevel::warning,
            "restore.passed_over",
            {{"backup", backup.name}, {"why", good.error().text()}});
    }
    return failure(
        ErrorKind::not_found, "there is no good backup; say with --from where one is", plan.folder
    );
}

bool is_immutable(std::string_view path, Lsn newest) {
    if (path.starts_with("journal/")) {
        return parse_segment_name(path.substr(path.find('/') + 1)) != newest;
    }
    return path.ends_with(".block");
}

/// The files of the backup as they are to be, in `ready`; the backup stays as it is.
Status lay_out(Files& files, const Backup& backup, const std::string& ready) {
    Lsn newest = 0;
    for (const BackupFile& file : backup.manifest.files) {
        if (file.path.starts_with("journal/")) {
            newest = std::max(newest, parse_segment_name(file.path.substr(8)));
        }
    }
    for (const char* folder : {"/journal", "/history", "/ca"}) {
        if (auto made = files.create_directories(ready + folder); !made) {
            return made;
        }
    }
    for (const BackupFile& file : backup.manifest.files) {
        const std::string from = backup.name + "/" + file.path;
        const std::string to = ready + "/" + file.path;
        Status placed;
        if (is_immutable(file.path, newest)) {
            const auto linked = link_or_copy(from, to);
            placed = linked ? Status{} : failure(linked.error());
        } else {
            placed = copy_file(from, to);
        }
        if (!placed) {
            return placed;
        }
    }
    return {};
}

Status tell_journal(const std::string& ready, const proto::CollectorRestored& body, WallTime now) {
    auto journal = Journal::open({.directory = ready + "/journal"});
    if (!journal) {
        return failure(journal.error());
    }
    std::vector<Pending> entries(1);
    entries[0].kind = EntryKind::collector_restored;
    entries[0].body = body.SerializeAsString();
    const JournalMoment moment{.elapsed = journal->last_moment().elapsed, .wall = now};
    const auto appended = journal->append(std::move(entries), moment);
    return appended ? Status{} : Status{failure(appended.error())};
}

/// What happened since the backup and must stay so.
Result<Restored> catch_up(
    Files& files,
    const RestorePlan& plan,
    const Backup& backup,
    const std::string& ready,
    WallTime now
) {
    const std::string path = plan.data_dir + std::string(lasting_name);
    const auto facts = read_lasting(files, path);
    const WallTime made = backup.manifest.made;
    if (!facts) {
        return failure(facts.error());
    }
    auto lasting = Lasting::open(files, path);
    auto access = AccessStore::open(ready + "/access.db");
    if (!lasting || !access) {
        return failure(lasting ? access.error() : lasting.error());
    }
    if (auto done = access->restored(noted_since(*facts, backup_name(made), made), made, now);
        !done) {
        return failure(done.error());
    }
    Restored restored{.backup = backup.name, .from_lsn = backup.manifest.last, .aside = {}};
    restored.epoch = greatest(*facts, "epoch") + 1;
    proto::CollectorRestored body;
    body.set_from_lsn(backup.manifest.last);
    body.set_backup(backup.name.substr(backup.name.rfind('/') + 1));
    body.set_incidents(greatest(*facts, "incidents"));
    body.set_epoch(restored.epoch);
    body.set_damaged(plan.why);
    if (auto told = tell_journal(ready, body, now); !told) {
        return failure(told.error());
    }
    if (auto noted = lasting->note(now, "epoch", std::to_string(restored.epoch)); !noted) {
        return failure(noted.error());
    }
    return restored;
}

/// Before the marker promises that all of it is there.
Status settle(Files& files, const std::string& ready) {
    for (const char* folder : {"/journal", "/history", "/ca", ""}) {
        if (auto synced = files.sync_directory(ready + folder); !synced) {
            return synced;
        }
    }
    return {};
}

Status mark(Files& files, const std::string& data_dir, const std::string& text) {
    return write_file_atomically(files, data_dir + std::string(marker_name), text + "\n");
}

Status move_if_there(Files& files, const std::string& from, const std::string& to) {
    return files.exists(from) ? files.rename(from, to) : Status{};
}

Status move_aside(Files& files, const std::string& data_dir, const std::string& aside) {
    if (auto made = files.create_directories(aside); !made) {
        return made;
    }
    for (const std::string_view name : replaced) {
        const std::string file = "/" + std::string(name);
        if (auto moved = move_if_there(files, data_dir + file, aside + file); !moved) {
            return moved;
        }
    }
    return files.sync_directory(aside);
}

Status move_in(Files& files, const std::string& data_dir) {
    const std::string ready = data_dir + std::string(ready_folder);
    const auto names = files.exists(ready) ? files.list(ready) : std::vector<std::string>{};
    if (!names) {
        return failure(names.error());
    }
    for (const std::string& name : *names) {
        if (auto moved = files.rename(ready + "/" + name, data_dir + "/" + name); !moved) {
            return moved;
        }
    }
    return files.sync_directory(data_dir);
}

}  // namespace

Status finish_restore(Files& files, const std::string& data_dir) {
    const std::string marker = data_dir + std::string(marker_name);
    const std::string ready = data_dir + std::string(ready_folder);
    if (!files.exists(marker)) {
        return remove_folder(ready);
    }
    const auto text = read_file(files, marker, largest_marker);
    if (!text) {
        return failure(text.error());
    }
    const std::size_t word_ends = text->find(' ');
    if (word_ends == std::string::npos || !text->ends_with('\n')) {
        return failure(
            ErrorKind::corrupt,
            "a restore was cut short and its note cannot be read; move the file away, and restore "
            "again",
            marker
        );
    }
    const std::string aside = text->substr(word_ends + 1, text->size() - word_ends - 2);
    if (text->starts_with("aside ")) {
        if (auto moved = move_aside(files, data_dir, aside); !moved) {
            return moved;
        }
        if (auto noted = mark(files, data_dir, "place " + aside); !noted) {
            return noted;
        }
    }
    if (auto moved = move_in(files, data_dir); !moved) {
        return moved;
    }
    if (auto removed = remove_folder(ready); !removed) {
        return removed;
    }
    if (auto removed = files.remove(marker); !removed) {
        return removed;
    }
    return files.sync_directory(data_dir);
}

Result<Restored> restore(Files& files, const RestorePlan& plan, WallTime now) {
    if (auto finished = finish_restore(files, plan.data_dir); !finished) {
        return failure(finished.error());
    }
    auto backup = choose(files, plan);
    if (!backup) {
        return failure(backup.error());
    }
    const std::string ready = plan.data_dir + std::string(ready_folder);
    const Status laid = lay_out(files, *backup, ready);
    auto restored =
        laid ? catch_up(files, plan, *backup, ready, now) : Result<Restored>(failure(laid.error()));
    const Status settled = restored ? settle(files, ready) : failure(restored.error());
    if (!settled) {
        static_cast<void>(remove_folder(ready));  // the first failure is the one worth telling
        return failure(settled.error());
    }
    restored->aside = plan.data_dir + "/replaced." + backup_name(now);
    if (auto noted = mark(files, plan.data_dir, "aside " + restored->aside); !noted) {
        return failure(noted.error());
    }
    if (auto finished = finish_restore(files, plan.data_dir); !finished) {
        return failure(finished.error());
    }
    return restored;
}

}  // namespace muster::collector
