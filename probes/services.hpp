// Owns: what in-process probes may use. Leaves to runner.hpp: making it.
#pragma once

#include "probes/icmp_engine.hpp"

namespace muster::probes {

struct ProbeServices {
    IcmpEngine& icmp;
};

}  // namespace muster::probes
