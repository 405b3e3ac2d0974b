// Owns: the scripted agent (programs/scripted_agent.cpp) in the place of an agent of a site: started, followed, brought to its end.
// Leaves to script_of_results.hpp: what it delivers.
#pragma once

#include "tests/support/eventually.hpp"
#include "tests/support/process.hpp"
#include "tests/support/script_of_results.hpp"
#include "tests/support/site.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::test {

/// Takes over the identity of the site's enrolled agent. `site` outlives this.
class ScriptedAgent {
  public:
    explicit ScriptedAgent(const Site& site, ScriptOfResults script = {})
        : site_(site), script_(script) {}

    const ScriptOfResults& script() const { return script_; }

    /// One target for each probe of the script; `rules` are lines of each before its probes.
    std::string targets(const std::string& rules = "") const {
        std::string text = "targets:\n";
        for (std::uint32_t probe = 0; probe < script_.probes; ++probe) {
            const std::string number = std::to_string(probe);
            text += "  - name: t" + number + "\n    address: 127.1.0." + number + "\n" + rules +
                    "    probes: [{type: icmp, interval: 100ms, timeout: 50ms}]\n";
        }
        return text;
    }

    /// `within`: a command to run it by.
    void start(
        const std::string& address = "127.0.0.1", const std::vector<std::string>& within = {}
    ) {
        std::vector<std::string> command = within;
        command.insert(
            command.end(),
            {program("scripted-agent"),
             site_.agent_dir(),
             address + ":" + std::to_string(site_.agents_port()),
             std::to_string(script_.seed),
             std::to_string(to_ms(script_.period)),
             std::to_string(script_.down)}
        );
        process_.emplace(Process::start(std::move(command), {{}, log_path()}));
    }

    void kill() { process_->kill_now(); }

    bool running() { return process_->running(); }

    /// Records so far.
    std::uint64_t produced() const {
        return std::strtoull(read_text(site_.agent_dir() + "/progress").c_str(), nullptr, 10);
    }

    /// For so many more records.
    void wait_for(std::uint64_t records) const {
        const std::uint64_t until = produced() + records;
        ASSERT_TRUE(eventually(std::chrono::seconds(60), [&] { return produced() > until; }))
            << log();
    }

    /// Everything up to record `last` is made and confirmed, and the process ends.
    void finish_at(std::uint64_t last, Duration patience = std::chrono::seconds(90)) const {
        write_text(site_.agent_dir() + "/stop_at", std::to_string(last));
        ASSERT_TRUE(eventually(patience, [&] {
            return !read_text(site_.agent_dir() + "/done").empty();
        })) << log();
    }

  private:
    std::string log_path() const { return site_.dir() / "scripted.log"; }

    std::string log() const { return read_text(log_path()); }

    const Site& site_;
    ScriptOfResults script_;
    std::optional<Process> process_;
};

}  // namespace muster::test
