// Owns: a million probes of four agents whose generators send as fast as the collector takes it. Leaves to bench_ingest_generator: what
// they send; to each program: what of it is measured.
#pragma once

#include "bench/bench_collector.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <vector>

namespace muster::bench {

/// A target's probes; `each` repeats targets.
inline std::string hundred_probes(const std::string& interval) {
    std::string text;
    for (int i = 1; i <= 100; ++i) {
        text += fmt::format(
            "{}{{type: icmp, name: p{}, interval: {}}}", i == 1 ? "" : ", ", i, interval
        );
    }
    return text;
}

/// Four agents with so many CIs each, of what `probes` says besides.
inline std::string targets_of_load(const std::string& probes, int cis = 2500) {
    std::string targets = "targets:\n";
    for (int i = 0; i < 4; ++i) {
        targets += fmt::format(
            "  - {{name: \"gen{0}-{{n}}\", each: 1..{1}, class: server, address: 127.0.0.1, from: "
            "{{agent: gen{0}}}{2}}}\n",
            i,
            cis,
            probes
        );
    }
    return targets;
}

class Load {
  public:
    /// Returns when results flow. `metrics`: values in each result.
    explicit Load(BenchCollector& collector, int metrics = 1) : collector_(collector) {
        for (int i = 0; i < count; ++i) {
            const std::string dir = collector.enrol(fmt::format("gen{}", i));
            generators_.push_back(test::Process::start(
                {test::program("bench_ingest_generator"),
                 dir,
                 std::to_string(collector.agents_port()),
                 std::to_string(i + 1),
                 std::to_string(metrics),
                 window(),
                 output(i)},
                {{}, dir + ".log"}
            ));
        }
        if (!eventually(std::chrono::seconds(240), [&] {
                return collector.folder_bytes("journal") > 40e6 && collector.is_caught_up();
            })) {
            give_up("results do not flow:\n" + test::read_text(collector.dir() / "collector.log"));
        }
    }

    /// Where the generators look for the window in which they count.
    std::string window() const { return collector_.dir() / "window"; }

    /// Where each writes what it counted.
    std::vector<std::string> outputs() const {
        std::vector<std::string> paths;
        for (int i = 0; i < count; ++i) {
            paths.push_back(output(i));
        }
        return paths;
    }

    void stop() { generators_.clear(); }

  private:
    static constexpr int count = 4;

    std::string output(int generator) const {
        return collector_.dir() / fmt::format("gen{}.out", generator);
    }

    BenchCollector& collector_;
    std::vector<test::Process> generators_;
};

}  // namespace muster::bench
