// Owns: a spool in a faulty file system, with records whose content follows from their number.
#pragma once

#include "agent/spool.hpp"
#include "agent/spool_files.hpp"
#include "base/bytes.hpp"
#include "tests/agent/faulty_files.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace muster::agent {

using namespace std::chrono_literals;

/// The one spool below `dir`, or a new one there.
inline Result<Spool> open_spool(
    Files& files,
    const std::string& dir,
    Random& random,
    SpoolOptions options,
    MonoTime now,
    WallTime wall
) {
    for (const std::string& name : files.list(dir).value_or(std::vector<std::string>{})) {
        if (const auto folder = spool_folder_of(name)) {
            return Spool::open(files, dir + "/" + name, folder->id, options, now, wall);
        }
    }
    const SpoolFolder folder{.number = 1, .id = SpoolId(Uuid::random(random))};
    return Spool(files, dir + "/" + folder.name(), folder.id, options);
}

class SpoolTest : public ::testing::Test {
  protected:
    static wire::Record record(const std::string& payload, std::uint32_t count = 1) {
        return {
            .kind = wire::RecordKind::results,
            .drop_class = wire::DropClass::results,
            .count = count,
            .wall = wall_from_ns(1'790'000'000'000'000'000),
            .mono = MonoTime(1h),
            .raw_size = static_cast<std::uint32_t>(payload.size()),
            .payload = payload,
        };
    }

    static std::string payload_of(std::uint64_t seq) {
        return "record " + std::to_string(seq) + std::string(seq % 17, '.');
    }

    Result<Spool> open() { return open_spool(files, "/spool", random, options, now, wall); }

    /// Appends payload_of(seq) for so many records.
    static void fill(Spool& spool, std::uint64_t count) {
        for (std::uint64_t at = 0; at < count; ++at) {
            const std::uint64_t next = spool.position().next_seq;
            ASSERT_EQ(spool.append(record(payload_of(next))), next);
        }
    }

    static std::vector<std::uint64_t> seqs(const std::vector<wire::SequencedRecord>& records) {
        std::vector<std::uint64_t> out;
        for (const auto& one : records) {
            out.push_back(one.seq);
        }
        return out;
    }

    /// Results in gap records made since it was opened.
    static std::uint64_t lost(const Spool& spool) { return spool.counters().all_gaps(); }

    /// found + appended + refused = acked + waiting + gaps + untold.
    static void expect_balance(const Spool& spool) {
        const SpoolCounters& counters = spool.counters();
        EXPECT_EQ(
            counters.found_results + counters.appended_results + counters.refused_results,
            counters.acked_results + spool.waiting_results() + counters.all_gaps() +
                spool.untold().results
        );
    }

    /// Everything synced from `from` on, read in small pieces, with payloads checked; of gaps the first seq.
    static std::vector<std::uint64_t> drain(
        Spool& spool, std::uint64_t from, std::size_t piece = 64
    ) {
        std::vector<std::uint64_t> out;
        for (;;) {
            const auto part = spool.read(from, piece);
            EXPECT_TRUE(part);
            if (!part || part->empty()) {
                return out;
            }
            for (const auto& one : *part) {
                if (one.record.kind == wire::RecordKind::results) {
                    EXPECT_EQ(one.record.payload, payload_of(one.seq));
                    EXPECT_EQ(one.record.wall, record("").wall);
                    EXPECT_EQ(one.record.mono, record("").mono);
                    EXPECT_EQ(one.record.count, 1U);
                } else {
                    EXPECT_EQ(one.record.kind, wire::RecordKind::gap);
                }
                out.push_back(one.seq);
            }
            from = part->back().seq + part->back().record.span;
        }
    }

    static std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t last) {
        std::vector<std::uint64_t> out;
        for (std::uint64_t at = first; at <= last; ++at) {
            out.push_back(at);
        }
        return out;
    }

    std::string spool_dir() {
        const auto names = files.list("/spool");
        for (const std::string& name : *names) {
            if (!name.ends_with(".damaged")) {
                return "/spool/" + name;
            }
        }
        return "";
    }

    std::vector<std::string> segments() {
        auto names = *files.list(spool_dir());
        std::erase_if(names, [](const std::string& name) { return !name.ends_with(".seg"); });
        return names;
    }

    std::string content(const std::string& name) {
        return *read_file(files.memory, spool_dir() + "/" + name, 1U << 30U);
    }

    void overwrite(const std::string& name, const std::string& bytes) {
        ASSERT_TRUE(files.memory.remove(spool_dir() + "/" + name));
        auto file = files.memory.open(spool_dir() + "/" + name, OpenMode::create_new);
        ASSERT_TRUE(file);
        ASSERT_TRUE((*file)->append(bytes));
    }

    MonoTime now = MonoTime(1h);
    WallTime wall = record("").wall + 1s;
    FaultyFiles files;
    SeededRandom random{42};
    SpoolOptions options;
};

}  // namespace muster::agent
