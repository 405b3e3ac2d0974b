#include "agent/spool_set.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace muster::agent {

namespace {

/// As many as a link serves (wire/link_client.hpp).
constexpr std::size_t most_spools = 8;
/// How often what could not be opened is tried again.
constexpr Duration look_every = std::chrono::seconds(10);

}  // namespace

SpoolSet::SpoolSet(Files& files, std::string dir, Random& random, SpoolOptions options)
    : files_(&files),
      dir_(std::move(dir)),
      random_(&random),
      options_(options),
      limits_(options.limits),
      finished_(files, dir_ + "/finished", options.agent) {}

SpoolSet SpoolSet::open(
    Files& files, std::string dir, Random& random, SpoolOptions options, MonoTime now, WallTime wall
) {
    SpoolSet set(files, std::move(dir), random, options);
    set.open_found(now, wall);
    if (set.members_.empty()) {
        set.begin();
    }
    set.growing_ = set.members_.back().get();
    for (const auto& member : set.members_) {
        if (member.get() != set.growing_) {
            member->spool.end();
        }
    }
    set.set_aside(wall);
    set.remove_gone();
    set.share_limits();
    return set;
}

void SpoolSet::open_found(MonoTime now, WallTime wall) {
    is_incomplete_ = false;
    look_again_ = now + look_every;
    auto names = files_->list(dir_);
    if (!names && names.error().kind() == ErrorKind::not_found) {
        return;
    }
    if (!names) {
        log(LogLevel::error, "spool.cannot_open", {{"why", names.error().text()}});
        is_incomplete_ = true;
        return;
    }
    for (const std::string& name : *names) {
        const auto folder = spool_folder_of(name);
        const bool is_open = folder && std::ranges::any_of(members_, [&](const auto& member) {
                                 return member->folder.id == folder->id;
                             });
        if (folder && !is_open) {
            open_one(*folder, now, wall);
        }
    }
    std::ranges::sort(members_, {}, [](const auto& member) { return member->folder.number; });
    // Or the list could not be read.
    is_incomplete_ = !save_finished() || is_incomplete_;
}

void SpoolSet::open_one(const SpoolFolder& folder, MonoTime now, WallTime wall) {
    if (members_.size() >= most_spools) {
        is_incomplete_ = true;
        return;
    }
    auto spool = Spool::open(*files_, path_of(folder), folder.id, options_, now, wall);
    if (spool) {
        members_.push_back(std::make_unique<Member>(folder, std::move(*spool)));
        return;
    }
    log(LogLevel::error, "spool.cannot_open", {{"why", spool.error().text()}});
    if (spool.error().kind() == ErrorKind::corrupt) {
        senseless_.push_back(folder);
    } else {
        is_incomplete_ = true;
    }
}

/// First the gap is durable, then the folder gets another name: a crash between tells it twice rather than never.
void SpoolSet::set_aside(WallTime wall) {
    if (senseless_.empty()) {
        return;
    }
    std::uint64_t results = 0;
    bool is_news = false;
    for (const SpoolFolder& folder : senseless_) {
        const auto mark = read_mark(*files_, path_of(folder));
        if (mark) {
            note_finished(
                folder,
                {.spool = mark->spool,
                 .begins_at = mark->begins_at,
                 .results_at_begin = mark->results_at_begin,
                 .last_seq = mark->acked,
                 .results = mark->acked_results,
                 .from = wall_from_ns(static_cast<std::int64_t>(mark->first_wall)),
                 .to = wall}
            );
        }
        if (told_.insert(folder.id).second) {
            is_news = true;
            results += mark ? mark->synced_results - mark->acked_results : 0;
        }
    }
    if (is_news) {
        growing_->spool.tell_damaged(results, wall);
    }
    const bool is_told = sync() && save_finished();
    for (const SpoolFolder& folder : std::exchange(senseless_, {})) {
        const std::string path = path_of(folder);
        const Status aside = is_told
                                 ? files_->rename(path, path + ".damaged")
                                 : failure(ErrorKind::unavailable, "a gap has to tell it first");
        is_incomplete_ = is_incomplete_ || !aside;
        log(LogLevel::error,
            aside ? "spool.set_aside" : "spool.cannot_set_aside",
            {{"path", path}, {"why", aside ? "it makes no sense" : aside.error().text()}});
    }
}

void SpoolSet::begin() {
    std::uint64_t last = members_.empty() ? 0 : members_.back()->folder.number;
    for (const FinishedLine& each : finished_.lines()) {
        last = std::max({last, each.folder, each.growing});
    }
    SpoolFolder folder{
        .number = last + 1,
        .id = SpoolId(Uuid::random(*random_)),
    };
    const std::string path = path_of(folder);
    members_.push_back(std::make_unique<Member>(folder, Spool(*files_, path, folder.id, options_)));
    growing_ = members_.back().get();
}

bool SpoolSet::renew() {
    if (members_.size() >= most_spools) {
        return false;
    }
    Spool& former = growing_->spool;
    static_cast<void>(former.sync());  // where it fails `trim` tries again
    const Refused untold = former.end();
    begin();
    growing_->spool.refuse(untold);
    share_limits();
    log(LogLevel::notice,
        "spool.renewed",
        {{"dir", path_of(growing_->folder)},
         {"waiting", waiting_results()},
         {"spools", members_.size()}});
    return true;
}

Status SpoolSet::append(wire::Record record) {
    if (members_.size() > 1) {
        const std::uint64_t bytes = stored_bytes(record);
        while (disk_bytes() + bytes > limits_.max_bytes && others_give_way(record.drop_class)) {
        }
        share_limits();
    }
    if (auto taken = growing_->spool.append(std::move(record)); !taken) {
        return failure(taken.error());
    }
    return {};
}

bool SpoolSet::others_give_way(wire::DropClass at_least) {
    for (int one = static_cast<int>(wire::DropClass::samples); one >= static_cast<int>(at_least);
         --one) {
        for (const auto& member : members_) {
            if (member.get() != growing_ &&
                member->spool.give_way(static_cast<wire::DropClass>(one))) {
                return true;
            }
        }
    }
    return false;
}

void SpoolSet::share_limits() {
    const std::uint64_t all = disk_bytes();
    std::uint64_t unsynced = 0;
    for (const auto& member : members_) {
        unsynced += member->spool.unsynced_bytes();
    }
    for (const auto& member : members_) {
        SpoolLimits share = limits_;
        const std::uint64_t others = all - member->spool.disk_bytes();
        share.max_bytes -= std::min(share.max_bytes, others);
        member->spool.set_limits(share);
        member->spool.set_elsewhere(others, unsynced - member->spool.unsynced_bytes());
    }
}

/// Of those that were drained from memory too: they are not done with before the disk knows it.
Status SpoolSet::sync_ended() {
    Status synced;
    for (const auto& member : members_) {
        Spool& spool = member->spool;
        const bool is_owed =
            spool.unsynced_bytes() > 0 || (spool.is_in_memory() && !spool.is_gone());
        if (member.get() != growing_ && is_owed) {
            if (auto one = spool.sync(); !one) {
                synced = one;
            }
        }
    }
    return synced;
}

Status SpoolSet::sync_all() {
    const Status ended = sync_ended();
    // The first may leave a gap record behind it.
    Status growing = sync();
    growing = growing ? sync() : growing;
    return growing ? ended : growing;
}

void SpoolSet::trust_memory() {
    for (const auto& member : members_) {
        member->spool.trust_memory();
    }
}

std::vector<wire::SpoolPosition> SpoolSet::positions() const {
    std::vector<wire::SpoolPosition> out{growing_->spool.position()};
    for (const auto& member : members_) {
        if (member.get() != growing_) {
            out.push_back(member->spool.position());
        }
    }
    return out;
}

Spool* SpoolSet::find(SpoolId name) {
    const auto found = std::ranges::find_if(members_, [name](const auto& member) {
        return member->spool.name() == name;
    });
    return found == members_.end() ? nullptr : &(*found)->spool;
}

std::vector<wire::FinishedStream> SpoolSet::finished() const {
    std::vector<wire::FinishedStream> out;
    for (const FinishedLine& each : finished_.lines()) {
        const bool lives = std::ranges::any_of(members_, [&each](const auto& member) {
            return member->spool.name() == each.stream.spool;
        });
        if (!lives) {
            out.push_back(each.stream);
        }
    }
    return out;
}

void SpoolSet::note_finished(const SpoolFolder& folder, const wire::FinishedStream& stream) {
    if (stream.last_seq >= stream.begins_at) {
        finished_.note(
            {.stream = stream, .folder = folder.number, .growing = growing_->folder.number}
        );
    }
}

/// False: not now. What it tells of must stay until it is durable.
bool SpoolSet::save_finished() {
    const auto saved = finished_.save();
    if (!saved && !is_list_failing_) {
        log(LogLevel::warning, "spool.finished_not_saved", {{"why", saved.error().text()}});
    }
    is_list_failing_ = !saved;
    return saved.has_value();
}

/// First what was is remembered: after a crash between it is so for a stream that still has that name, which is told of itself.
Status SpoolSet::rename(SpoolId name, SpoolId to, std::uint64_t from_seq) {
    const auto found = std::ranges::find_if(members_, [name](const auto& member) {
        return member->spool.name() == name;
    });
    if (found == members_.end()) {
        return {};
    }
    Spool& spool = (*found)->spool;
    if (auto synced = spool.sync(); !synced) {
        return synced;
    }
    const wire::SpoolPosition at = spool.position();
    if (from_seq >= at.first_kept && from_seq <= at.next_seq) {
        note_finished((*found)->folder, spool.finished_before(from_seq));
        if (!save_finished()) {
            return failure(ErrorKind::unavailable, "what it was cannot be written down now", dir_);
        }
    }
    return spool.rename(to, from_seq);
}

void SpoolSet::set_limits(const SpoolLimits& limits) {
    limits_ = limits;
    options_.limits = limits;
    share_limits();
}

void SpoolSet::trim(MonoTime now, WallTime wall) {
    if (is_incomplete_ && now >= look_again_) {
        open_found(now, wall);
        for (const auto& member : members_) {
            if (member.get() != growing_) {
                member->spool.end();
            }
        }
        set_aside(wall);
    }
    static_cast<void>(sync_ended());
    for (const auto& member : members_) {
        member->spool.trim(now);
    }
    while (growing_->spool.lacks_room() && others_give_way(wire::DropClass::state)) {
        share_limits();
    }
    remove_gone();
    share_limits();
}

/// Once the list has it: a collector that goes back to a backup would not hear of it otherwise.
void SpoolSet::remove_gone() {
    bool is_any_gone = false;
    for (const auto& member : members_) {
        if (member->spool.is_gone()) {
            is_any_gone = true;
            note_finished(
                member->folder, member->spool.finished_before(member->spool.position().next_seq)
            );
        }
    }
    if (!is_any_gone || !save_finished()) {
        return;
    }
    std::erase_if(members_, [this](const auto& member) {
        const bool is_gone = member->spool.is_gone();
        if (is_gone) {
            gone_ += member->spool.counters();
            remove(*member);
        }
        return is_gone;
    });
}

/// Where it fails the folder is found empty at the next start.
void SpoolSet::remove(const Member& member) {
    const std::string path = path_of(member.folder);
    Status removed;
    if (const auto names = files_->list(path)) {
        for (const std::string& name : *names) {
            removed = removed ? files_->remove(path + "/" + name) : removed;
        }
        removed = removed ? files_->remove_directory(path) : removed;
    }
    if (!removed) {
        log(LogLevel::warning, "spool.cannot_delete", {{"why", removed.error().text()}});
    } else {
        log(LogLevel::notice, "spool.drained", {{"dir", path}});
    }
}

Status SpoolSet::save_acked() {
    Status saved;
    for (const auto& member : members_) {
        if (auto one = member->spool.save_acked(); !one) {
            saved = one;
        }
    }
    return saved;
}

SpoolCounters SpoolSet::counters() const {
    SpoolCounters sum = gone_;
    for (const auto& member : members_) {
        sum += member->spool.counters();
    }
    return sum;
}

std::uint64_t SpoolSet::waiting_results() const {
    std::uint64_t sum = 0;
    for (const auto& member : members_) {
        sum += member->spool.waiting_results();
    }
    return sum;
}

std::uint64_t SpoolSet::disk_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& member : members_) {
        sum += member->spool.disk_bytes();
    }
    return sum;
}

bool SpoolSet::is_in_memory() const {
    return std::ranges::any_of(members_, [](const auto& member) {
        return member->spool.is_in_memory();
    });
}

}  // namespace muster::agent
