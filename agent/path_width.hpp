// Owns: whether large packets seem to vanish on the way to the collector, so that small ones are tried. Leaves to uplink.hpp: calling;
// to wire/connection.hpp: what small is.
#pragma once

#include "base/time.hpp"
#include "wire/connection.hpp"

#include <chrono>

namespace muster::agent {

/// A value. Where a hop takes no large packets and the word of it (ICMP) is lost, a connection stands and nothing larger than a
/// greeting ever arrives (RFC 2923, 2.1). A collector that hangs looks the same: so after two connections in vain the other size has its
/// turn, and one that delivers stays. Little gets through in any case: only a connection that lasts speaks for its size.
class PathWidth {
  public:
    static constexpr int calls_each = 2;
    static constexpr Duration lasting = std::chrono::minutes(5);

    wire::Packets to_use() const { return packets_; }

    /// A connection stood, and then nothing came any more.
    void in_vain();
    /// A batch was confirmed over a connection of that age. True where only small packets seem to arrive, and this is news.
    bool delivered(Duration age);

  private:
    wire::Packets packets_ = wire::Packets::usual;
    int calls_ = 0;  // in vain, of this size
    bool is_told_ = false;
};

}  // namespace muster::agent
