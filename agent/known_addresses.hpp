// Owns: at which addresses of the collector's name to call, in which order. Leaves to uplink.hpp: calling.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace muster::agent {

/// A value. An address that worked is called first while the name still has it, or while the name tells nothing, and alone for some
/// tries; so a family of addresses that is broken on the way costs a time-out once, not whenever the collector is started anew.
class KnownAddresses {
  public:
    /// A name may have any number of addresses; so many are called before the agent waits.
    static constexpr std::size_t at_once = 4;
    static constexpr int tries_alone = 3;

    /// `found`: what the name has now, in order of preference; empty where it cannot be told. What was left out comes the next time.
    std::vector<std::string> to_call(std::vector<std::string> found);

    void worked(const std::string& address);

    /// Another collector.
    void forget();

  private:
    std::string worked_;
    int tries_ = 0;  // since it worked
    std::size_t calls_ = 0;
};

}  // namespace muster::agent
