// Owns: how much the product says while it is simulated.
#pragma once

#include "base/log.hpp"
#include "tests/sim/sim_seeds.hpp"

namespace muster::test {

/// Thousands of faults a minute are no news; of the one seed that is looked at (MUSTER_SIM_SEED) all is said.
class QuietLog {
  public:
    QuietLog() {
        constexpr auto beyond_all = static_cast<LogLevel>(99);
        configure_log(LogFormat::text, is_traced() ? LogLevel::debug : beyond_all);
    }

    ~QuietLog() { configure_log(LogFormat::text, LogLevel::info); }

    QuietLog(const QuietLog&) = delete;
    QuietLog& operator=(const QuietLog&) = delete;
};

}  // namespace muster::test
