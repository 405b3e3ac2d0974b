#include "collector/backup/backup_maker.hpp"

#include "base/database.hpp"
#include "base/log.hpp"
#include "collector/backup/database_check.hpp"
#include "collector/backup/file_copies.hpp"
#include "collector/fold_order.hpp"
#include "collector/journal/segments.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace muster::collector {

namespace {

/// Left to what the collector does meanwhile.
constexpr std::uint64_t left_free = 64U << 20U;
constexpr std::string_view links_folder = "backup.links";
constexpr std::string_view journal = "journal";
constexpr std::string_view history = "history";
/// What the collector cannot make anew, beside its stores.
constexpr std::string_view kept_files[] = {"installation", "applied.json"};
constexpr std::string_view authority = "ca";

std::string below(const std::string& folder, std::string_view name) {
    return folder + "/" + std::string(name);
}

bool is_database(std::string_view path) {
    return path.ends_with(".db");
}

/// One backup in the making: `folder_` is removed unless `finish` renamed it.
class Making {
  public:
    Making(Files& files, const BackupPlan& plan, WallTime now, const std::stop_token& stop)
        : files_(&files),
          plan_(&plan),
          stop_(stop),
          name_(backup_name(now)),
          folder_(below(plan.folder, unfinished_name(name_))),
          links_(folder_) {
        manifest_.version = plan.version;
        manifest_.installation = plan.installation;
        manifest_.made = now;
    }

    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;

    ~Making() {
        for (const std::string& folder : {folder_, below(plan_->data_dir, links_folder)}) {
            if (const Status removed = remove_folder(folder); !removed) {
                log(LogLevel::warning, "backup.not_removed", {{"why", removed.error().text()}});
            }
        }
    }

    Status begin();
    Status take(const BackupSources& sources);
    Status gather();
    Status check();
    Result<Backup> finish();

  private:
    Status check_room() const;
    Status number();
    CopyPlace place(std::string_view name) const;
    Status take_links(std::string_view name);
    Status take_small_files();
    Status gather(const std::string& folder, const std::string& prefix);
    Status check_journal(const std::vector<Lsn>& segments);

    Files* files_;
    const BackupPlan* plan_;
    std::stop_token stop_;
    std::string name_;
    std::string folder_;
    std::string links_;  // of the data's own file system; the same folder where that is one
    Manifest manifest_;
};

/// What is linked takes no room.
Status Making::check_room() const {
    const std::string& data = plan_->data_dir;
    const bool is_linked = on_one_file_system(data, plan_->folder);
    std::uint64_t wanted = left_free;
    for (const char* database : {"state.db", "access.db", "history/catalog.db"}) {
        wanted += file_bytes(below(data, database)) + file_bytes(below(data, database) + "-wal");
    }
    const auto segments = list_segments(below(data, journal));
    for (const Lsn first : segments ? *segments : std::vector<Lsn>{}) {
        const bool is_open = first == segments->back();
        wanted += is_open || !is_linked ? segment_bytes(below(data, journal), first) : 0;
    }
    const auto blocks = files_->list(below(data, history));
    for (const std::string& name : blocks && !is_linked ? *blocks : std::vector<std::string>{}) {
        wanted += file_bytes(below(data, history) + "/" + name);
    }
    const auto free = files_->free_bytes(plan_->folder);
    if (!free) {
        return failure(free.error());
    }
    if (*free < wanted) {
        return failure(
            ErrorKind::full,
            "a backup needs " + std::to_string(wanted >> 20U) + " MiB and " +
                std::to_string(*free >> 20U) +
                " MiB are free; make room, set backup.keep lower, or backup.dir to another disk",
            plan_->folder
        );
    }
    return {};
}

/// A set calendar may come upon the same moment again; the mark of a name that is there already would say too much of it.
Status Making::number() {
    if (files_->exists(below(plan_->folder, name_))) {
        return failure(ErrorKind::conflict, "there is a backup of this moment already", name_);
    }
    const auto others = backups_in(*files_, plan_->folder);
    if (!others) {
        return failure(others.error());
    }
    manifest_.number = others->empty() ? 1 : others->back().manifest.number + 1;
    return {};
}

Status Making::begin() {
    if (!files_->exists(plan_->folder)) {
        if (auto made = files_->create_directories(plan_->folder); !made) {
            return made;
        }
        const std::string above = std::filesystem::path(plan_->folder).parent_path();
        if (auto synced = files_->sync_directory(above); !synced) {
            return synced;
        }
    }
    if (auto numbered = number(); !numbered) {
        return numbered;
    }
    if (auto room = check_room(); !room) {
        return room;
    }
    if (!on_one_file_system(plan_->data_dir, plan_->folder)) {
        links_ = below(plan_->data_dir, links_folder);
        if (auto removed = remove_folder(links_); !removed) {
            return removed;
        }
    }
    for (const std::string& top : {folder_, links_}) {
        for (const std::string_view name : {journal, history}) {
            if (auto made = files_->create_directories(below(top, name)); !made) {
                return made;
            }
        }
    }
    return {};
}

CopyPlace Making::place(std::string_view name) const {
    return {.folder = below(folder_, name), .links = below(links_, name), .backup = name_};
}

/// The folds before the journal, so that it holds whatever they have folded.
Status Making::take(const BackupSources& sources) {
    const CopyPlace top{.folder = folder_, .links = links_, .backup = name_};
    for (const auto& [copy, to] :
         {std::pair{&sources.state, top},
          std::pair{&sources.history, place(history)},
          std::pair{&sources.access, top},
          std::pair{&sources.journal, place(journal)}}) {
        if (auto copied = (*copy)(to, stop_); !copied) {
            return copied;
        }
    }
    for (const std::string_view name : {journal, history}) {
        if (auto taken = take_links(name); !taken) {
            return taken;
        }
    }
    return take_small_files();
}

/// To the backup's own file system.
Status Making::take_links(std::string_view name) {
    const CopyPlace from = place(name);
    if (from.links == from.folder) {
        return {};
    }
    const auto names = files_->list(from.links);
    if (!names) {
        return failure(names.error());
    }
    for (const std::string& file : *names) {
        const Status copied = copy_file(below(from.links, file), below(from.folder, file), stop_);
        if (!copied) {
            return copied;
        }
    }
    return {};
}

Status Making::take_small_files() {
    for (const std::string_view name : kept_files) {
        const std::string from = below(plan_->data_dir, name);
        if (!files_->exists(from)) {
            continue;
        }
        if (auto copied = copy_file(from, below(folder_, name)); !copied) {
            return copied;
        }
    }
    const std::string from = below(plan_->data_dir, authority);
    const std::string to = below(folder_, authority);
    const auto names = files_->list(from);
    if (!names) {
        return failure(names.error());
    }
    if (auto made = files_->create_directories(to); !made) {
        return made;
    }
    for (const std::string& name : *names) {
        if (auto copied = copy_file(below(from, name), below(to, name)); !copied) {
            return copied;
        }
    }
    return files_->sync_directory(to);
}

Status Making::gather(const std::string& folder, const std::string& prefix) {
    const auto names = files_->list(folder);
    if (!names) {
        return failure(names.error());
    }
    for (const std::string& name : *names) {
        const std::string path = below(folder, name);
        if (is_folder(path)) {
            if (auto gathered = gather(path, prefix + name + "/"); !gathered) {
                return gathered;
            }
            continue;
        }
        auto digest = file_digest(*files_, path, stop_);
        if (!digest) {
            return failure(digest.error());
        }
        manifest_.files.push_back(
            {.path = prefix + name,
             .bytes = file_bytes(path),
             .sha256 = std::move(*digest),
             .rows = {}}
        );
    }
    return files_->sync_directory(folder);
}

/// Durable first: what is read back then is what will be there.
Status Making::gather() {
    std::vector<std::string> copies = {"state.db", "access.db", "history/catalog.db"};
    const auto segments = list_segments(below(folder_, journal));
    if (!segments) {
        return failure(segments.error());
    }
    if (segments->empty()) {
        return failure(ErrorKind::internal, "the copy of the journal is empty", folder_);
    }
    // A sealed one is a link, or a copy where its log could not be emptied.
    for (const Lsn first : *segments) {
        copies.push_back(below(std::string(journal), segment_name(first)));
    }
    for (const std::string& name : copies) {
        auto file = files_->open(below(folder_, name), OpenMode::append);
        const Status synced = file ? (*file)->sync() : failure(file.error());
        if (!synced) {
            return synced;
        }
    }
    return gather(folder_, "");
}

Status Making::check() {
    std::vector<Lsn> segments;
    for (BackupFile& file : manifest_.files) {
        if (!is_database(file.path)) {
            continue;
        }
        auto counted = check_database(below(folder_, file.path), stop_);
        if (!counted) {
            return failure(counted.error());
        }
        file.rows = std::move(*counted);
        if (file.path.starts_with(journal)) {
            segments.push_back(parse_segment_name(file.path.substr(journal.size() + 1)));
        }
    }
    std::ranges::sort(segments);
    return check_journal(segments);
}

/// Without holes, and with all that the folds will ask for.
Status Making::check_journal(const std::vector<Lsn>& segments) {
    manifest_.first = segments.front();
    for (const Lsn first : segments) {
        if (first != manifest_.first && first != manifest_.last + 1) {
            return failure(
                ErrorKind::corrupt,
                "the copy of the journal lacks the entries before " + std::to_string(first),
                folder_
            );
        }
        const auto last = last_entry_of(below(below(folder_, journal), segment_name(first)));
        if (!last) {
            return failure(last.error());
        }
        manifest_.last = *last == 0 ? first - 1 : *last;
    }
    const auto state = position_of(below(folder_, "state.db"));
    const auto past = sealed_of(below(folder_, "history/catalog.db"));
    if (!state || !past) {
        return failure(state ? past.error() : state.error());
    }
    manifest_.state = state->folded;
    manifest_.history = *past;
    for (const auto& [fold, position] :
         {std::pair{"state.db", state->folded},
          std::pair{"state.db", state->snapshot},
          std::pair{"history", *past}}) {
        if (auto fits = check_order(fold, position, manifest_.first, manifest_.last); !fits) {
            return fits;
        }
    }
    return {};
}

Result<Backup> Making::finish() {
    const std::string written = below(folder_, manifest_name);
    if (auto done = write_file_atomically(*files_, written, to_json_text(manifest_)); !done) {
        return failure(done.error());
    }
    if (auto renamed = files_->rename(folder_, below(plan_->folder, name_)); !renamed) {
        return failure(renamed.error());
    }
    if (auto synced = files_->sync_directory(plan_->folder); !synced) {
        return failure(synced.error());
    }
    return Backup{.name = name_, .manifest = std::move(manifest_)};
}

}  // namespace

Result<Backup> make_backup(
    Files& files,
    const BackupPlan& plan,
    const BackupSources& sources,
    WallTime now,
    const std::stop_token& stop
) {
    Making making(files, plan, now, stop);
    Status done = making.begin();
    if (done) {
        done = making.take(sources);
    }
    if (done) {
        done = making.gather();
    }
    if (done) {
        done = making.check();
    }
    return done ? making.finish() : failure(done.error());
}

}  // namespace muster::collector
