#include "agent/path_width.hpp"

#include <utility>

namespace muster::agent {

void PathWidth::in_vain() {
    if (++calls_ < calls_each) {
        return;
    }
    calls_ = 0;
    packets_ = packets_ == wire::Packets::usual ? wire::Packets::small : wire::Packets::usual;
}

bool PathWidth::delivered(Duration age) {
    if (age >= lasting) {
        calls_ = 0;
    }
    const bool is_small = packets_ == wire::Packets::small;
    return !std::exchange(is_told_, is_small) && is_small;
}

}  // namespace muster::agent
