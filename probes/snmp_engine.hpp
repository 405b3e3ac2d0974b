// Owns: the snmp probe's run: keys, engine ids, one GET. Leaves to snmp_run.hpp: the library. Linked into the worker alone.
#pragma once

#include "base/task.hpp"
#include "probes/outcome.hpp"
#include "probes/probe_type.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>

namespace muster::probes {

struct SnmpCounters {
    std::uint64_t requests = 0;  ///< sent, repeats and discovery included
    std::uint64_t foreign =
        0;  ///< datagrams from an address or port that was not asked; never parsed
};

/// One a process, on one thread: net-snmp keeps users, engines and clocks in global lists without locks.
class SnmpEngine {
  public:
    /// Sets the library up so that it reads no file, keeps no state and prints nothing. Call before the sandbox closes.
    static Result<std::unique_ptr<SnmpEngine>> open(asio::io_context& loop);
    ~SnmpEngine();
    SnmpEngine(const SnmpEngine&) = delete;
    SnmpEngine& operator=(const SnmpEngine&) = delete;

    /// One GET. For version 3 the device's engine id is asked for first, unless it is known.
    Task<Outcome> run(ProbeRequest request, Deadline deadline);

    SnmpCounters counters() const;

  private:
    struct Impl;
    explicit SnmpEngine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::probes
