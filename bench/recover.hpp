// Owns: how soon a collector with a large store is ready again after kill -9 under load. Leaves to load.hpp: the load.
//
// The store is one that a real collector made: a hundred thousand probes whose agents send as fast as it takes their results, five values each,
// until journal, history and state.db have so many bytes together. It is then killed at several moments between two snapshots, the load
// going on, and started again each time; generators that find it away connect again, as agents do. Left out: that the machine itself
// comes up cold. What was read and written last is in the page cache still.
#pragma once

#include "bench/bench_collector.hpp"
#include "bench/figures.hpp"
#include "bench/load.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/webhook_listener.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace muster::bench {

struct RecoverSizes {
    double store_bytes = 5e9;
    int kills = 7;
};

/// History holds what it merges twice for a while, and the load goes on between the kills.
inline void ask_for_room(double store_bytes) {
    const std::filesystem::path folder = std::filesystem::temp_directory_path();
    const double needed = store_bytes * 1.5 + 2e9;
    std::error_code problem;
    const auto room = std::filesystem::space(folder, problem);
    if (problem || static_cast<double>(room.available) < needed) {
        give_up(fmt::format(
            "a store of {:.1f} GB needs {:.1f} GB free in {}, where {:.1f} GB are: make room, let "
            "TMPDIR "
            "name a folder on another disk, or measure a smaller store with --quick",
            store_bytes / 1e9,
            needed / 1e9,
            folder.string(),
            problem ? 0.0 : static_cast<double>(room.available) / 1e9
        ));
    }
}

/// Journal, history and the record.
inline double store_bytes(const BenchCollector& collector) {
    double sum = collector.folder_bytes("journal") + collector.folder_bytes("history");
    for (const char* const name : {"collector/state.db", "collector/state.db-wal"}) {
        std::error_code absent;
        const auto size = std::filesystem::file_size(collector.dir() / name, absent);
        sum += absent ? 0.0 : static_cast<double>(size);
    }
    return sum;
}

class Recovery {
  public:
    explicit Recovery(RecoverSizes sizes) : sizes_(sizes) {}

    void measure() {
        wait_until("a store of that size", std::chrono::minutes(30), [&] {
            return store_bytes(collector_) >= sizes_.store_bytes;
        });
        std::vector<double> waits;
        std::vector<double> bytes;
        for (int kill = 0; kill < sizes_.kills; ++kill) {
            wait_until("the load after a start", std::chrono::minutes(2), [&] {
                return collector_.metric("muster_results_folded_total").value_or(0) > 1e6;
            });
            // Snapshots are 20 s apart at most: the kills fall early, in the middle and late.
            let_pass(std::chrono::milliseconds(500 + 20'000 * kill / sizes_.kills));
            bytes.push_back(store_bytes(collector_));
            waits.push_back(ms_until_ready());
        }
        const std::string condition = fmt::format("store_bytes={:.0f}", quantile(bytes, 0.5));
        Figures::print_of("collector.recover_ms", quantile(waits, 0.5), "ms", condition);
        Figures::print_of("collector.recover_worst_ms", std::ranges::max(waits), "ms", condition);
    }

  private:
    /// From exec to `/readyz?strict=1` saying ready.
    double ms_until_ready() {
        collector_.kill();
        const auto began = std::chrono::steady_clock::now();
        collector_.start();
        wait_until("the collector after a kill", std::chrono::minutes(5), [&] {
            return collector_.is_ready("?strict=1");
        });
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
            .count();
    }

    /// Strict readiness includes that somebody is told.
    std::string configuration() const {
        test::write_text(dir_ / "hmac", "key");
        return targets_of_load(", probes: [" + hundred_probes("1s") + "]", 250) +
               fmt::format(
                   "channels:\n  - {{name: ops, type: webhook, url: \"{}\", secret: {{file: "
                   "{}}}}}\n",
                   hook_.url(),
                   dir_ / "hmac"
               );
    }

    RecoverSizes sizes_;
    test::TempDir dir_;
    test::WebhookListener hook_;
    BenchCollector collector_{configuration()};
    Load load_{collector_, 5};
};

inline void measure_recover(RecoverSizes sizes) {
    ask_for_room(sizes.store_bytes);
    Recovery(sizes).measure();
}

}  // namespace muster::bench
