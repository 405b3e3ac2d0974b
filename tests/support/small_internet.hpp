// Owns: machines for a test: network namespaces on cables that can be pulled. Needs root, `ip`, `nsenter` and `unshare`.
#pragma once

#include "tests/support/process.hpp"

#include <map>
#include <string>
#include <vector>

namespace muster::test {

/// Every machine is a namespace held by a process of its own; cables are veth pairs. Everything goes with the object.
class SmallInternet {
  public:
    /// A machine of that host name with loopback up, which passes on what is not for it. "" is the caller's own namespace.
    void add_machine(const std::string& name);
    /// A cable between two machines, with an address at each end: "10.0.0.1/24".
    void connect(
        const std::string& from,
        const std::string& from_address,
        const std::string& to,
        const std::string& to_address
    );
    /// Several machines on one segment that `hub` belongs to: a bridge there, an address for each.
    void join_segment(
        const std::string& hub,
        const std::string& hub_address,
        const std::map<std::string, std::string>& addresses
    );
    /// On `machine`: everything else (or `network`) goes by way of `gateway`.
    void route(
        const std::string& machine,
        const std::string& gateway,
        const std::string& network = "default"
    );

    /// Every address of `network` is the machine's own.
    void answer_for(const std::string& machine, const std::string& network);

    enum class Cable { pulled, plugged };
    /// The cable at the end of `machine` that leads to `peer`. Routes over it that the kernel forgets are made again.
    void set_cable(const std::string& machine, const std::string& peer, Cable cable);

    /// The command that runs what follows it on the machine.
    std::vector<std::string> within(const std::string& machine) const;

    /// What went wrong; empty: nothing.
    const std::string& complaint() const { return complaint_; }

  private:
    struct Route {
        std::string machine;
        std::string gateway;
        std::string network;
    };

    void ip(const std::string& machine, std::vector<std::string> arguments);
    /// A device's name: at most 15 letters.
    static std::string device(const std::string& machine, const std::string& peer);
    std::string namespace_of(const std::string& machine) const;
    void make_cable(const std::string& from, const std::string& to);

    std::map<std::string, Process> machines_;
    std::vector<Route> routes_;
    std::string complaint_;
};

}  // namespace muster::test
