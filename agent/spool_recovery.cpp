// Owns: the opening half of Spool: finding the folder, reading what a crash left behind.
#include "agent/spool.hpp"
#include "base/bytes.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace muster::agent {

namespace {

/// A hole larger than this between segments is not damage but a folder that makes no sense.
constexpr std::uint64_t most_lost = 1'000'000;

/// Segments end at segment_bytes plus at most one record.
constexpr std::size_t most_segment_bytes = 64u << 20;

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

/// "00000000000000000042.seg"
std::optional<std::uint64_t> first_seq_of(std::string_view name) {
    constexpr std::string_view suffix = ".seg";
    if (name.size() != 20 + suffix.size() || !name.ends_with(suffix)) {
        return std::nullopt;
    }
    return number_in(name.substr(0, 20));
}

std::optional<SpoolId> spool_id_of(const std::string& name) {
    const auto raw = from_hex(name);
    if (!raw) {
        return std::nullopt;
    }
    const auto id = Uuid::from_bytes(*raw);
    return id ? std::optional(SpoolId(*id)) : std::nullopt;
}

}  // namespace

Spool::Spool(Files& files, std::string dir, SpoolId id, SpoolOptions options)
    : files_(&files), dir_(std::move(dir)), id_(id), options_(options) {}

Result<Spool> Spool::open(
    Files& files, const std::string& dir, Random& random, SpoolOptions options, MonoTime now
) {
    if (auto made = files.create_directories(dir); !made) {
        return failure(made.error(), "spool");
    }
    const auto names = files.list(dir);
    if (!names) {
        return failure(names.error(), "spool");
    }
    for (const std::string& name : *names) {
        const auto id = spool_id_of(name);
        if (!id) {
            continue;
        }
        auto found = open_existing(files, dir + "/" + name, *id, options, now);
        if (found || found.error().kind() != ErrorKind::corrupt) {
            return found;
        }
        log(LogLevel::error, "spool.set_aside", {{"why", found.error().text()}});
        if (auto aside = files.rename(dir + "/" + name, dir + "/" + name + ".damaged"); !aside) {
            return failure(aside.error(), "spool");
        }
    }
    const SpoolId id(Uuid::random(random));
    const std::string own = dir + "/" + to_hex(id.raw());
    if (auto made = files.create_directories(own); !made) {
        return failure(made.error(), "spool");
    }
    if (auto synced = files.sync_directory(dir); !synced) {
        return failure(synced.error(), "spool");
    }
    return Spool(files, own, id, options);
}

Result<Spool> Spool::open_existing(
    Files& files, std::string dir, SpoolId id, SpoolOptions options, MonoTime now
) {
    Spool spool(files, std::move(dir), id, options);
    if (auto recovered = spool.recover(now); !recovered) {
        return failure(recovered.error(), "spool");
    }
    return spool;
}

std::string Spool::path_of(std::uint64_t first_seq) const {
    const std::string number = std::to_string(first_seq);
    return dir_ + "/" + std::string(20 - number.size(), '0') + number + ".seg";
}

Status Spool::recover(MonoTime now) {
    const auto names = files_->list(dir_);
    if (!names) {
        return failure(names.error());
    }
    if (files_->exists(dir_ + "/acked")) {
        auto text = read_file(*files_, dir_ + "/acked", 64);
        if (text && text->ends_with('\n')) {
            text->pop_back();
            acked_ = number_in(*text).value_or(0);
        }
    }
    for (const std::string& name : *names) {
        if (const auto first_seq = first_seq_of(name)) {
            if (auto read = recover_segment(*first_seq, now); !read) {
                return read;
            }
        }
    }
    saved_acked_ = acked_;
    if (segments_.empty()) {
        next_seq_ = acked_ + 1;
        synced_ = acked_;
        return {};
    }
    // What was deleted had been acknowledged, whatever the file `acked` says.
    acked_ = std::max(acked_, segments_.front().first_seq - 1);
    Segment& last = segments_.back();
    if (acked_ >= last.end_seq() + most_lost) {
        return failure(ErrorKind::corrupt, "more is acknowledged than was ever written", dir_);
    }
    const bool cut_below_acked = last.end_seq() <= acked_;
    if (auto resumed = resume_last(); !resumed) {
        return resumed;
    }
    if (cut_below_acked) {
        // The collector has records this disk has lost: never use their numbers again. A new
        // segment carries on.
        last.places.resize(acked_ + 1 - last.first_seq);
        active_.reset();
    }
    next_seq_ = last.end_seq();
    synced_ = next_seq_ - 1;
    return {};
}

Status Spool::recover_segment(std::uint64_t first_seq, MonoTime now) {
    const auto content = read_file(*files_, path_of(first_seq), most_segment_bytes);
    if (!content) {
        return failure(content.error());
    }
    if (!segments_.empty()) {
        Segment& before = segments_.back();
        if (first_seq <= before.first_seq || first_seq > before.end_seq() + most_lost) {
            return failure(
                ErrorKind::corrupt, "segments do not follow each other", path_of(first_seq)
            );
        }
        // Records written again after a failed sync are found in the later segment; missing ones
        // are lost.
        const std::uint64_t missing = first_seq - std::min(first_seq, before.end_seq());
        before.places.resize(first_seq - before.first_seq);
        if (missing > 0 && first_seq > acked_ + 1) {
            counters_.lost_records += missing;
            log(LogLevel::error,
                "spool.records_lost",
                {{"dir", dir_}, {"from", first_seq - missing}, {"count", missing}});
        }
    }
    SegmentScan scan = scan_segment(*content, first_seq);
    for (std::size_t at = 0; at < scan.places.size(); ++at) {
        if (scan.places[at].offset == lost_offset) {
            ++counters_.lost_records;
            log(LogLevel::error, "spool.record_lost", {{"dir", dir_}, {"seq", first_seq + at}});
        }
    }
    Segment segment;
    segment.first_seq = first_seq;
    segment.places = std::move(scan.places);
    segment.bytes = scan.good_bytes;
    segment.first_wall_ns = scan.first_wall_ns;
    segment.newest = now;
    disk_bytes_ += segment.bytes;
    segments_.push_back(std::move(segment));
    return {};
}

/// Cuts the torn tail off, makes what is there durable (only then may it be sent) and goes on
/// behind it.
Status Spool::resume_last() {
    const Segment& last = segments_.back();
    auto file = files_->open(path_of(last.first_seq), OpenMode::append);
    if (!file) {
        return failure(file.error());
    }
    const auto size = (*file)->size();
    if (!size) {
        return failure(size.error());
    }
    if (*size > last.bytes) {
        log(LogLevel::notice,
            "spool.tail_cut",
            {{"dir", dir_}, {"bytes", *size - last.bytes}, {"next_seq", last.end_seq()}});
        if (auto cut = (*file)->truncate(last.bytes); !cut) {
            return cut;
        }
    }
    if (auto synced = (*file)->sync(); !synced) {
        return synced;
    }
    active_ = std::move(*file);
    return {};
}

}  // namespace muster::agent
