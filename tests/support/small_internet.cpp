#include "tests/support/small_internet.hpp"

#include "tests/support/eventually.hpp"

#include <filesystem>
#include <unistd.h>
#include <utility>

namespace muster::test {

namespace {

std::string link_of(const std::string& pid) {
    std::error_code unread;
    return std::filesystem::read_symlink("/proc/" + pid + "/ns/net", unread).string();
}

}  // namespace

std::string SmallInternet::device(const std::string& machine, const std::string& peer) {
    return (machine.empty() ? "me" : machine) + "-" + (peer.empty() ? "me" : peer);
}

std::string SmallInternet::namespace_of(const std::string& machine) const {
    return std::to_string(machine.empty() ? ::getpid() : machines_.at(machine).pid());
}

std::vector<std::string> SmallInternet::within(const std::string& machine) const {
    const std::string namespaces = "/proc/" + namespace_of(machine) + "/ns/";
    return {"nsenter", "--net=" + namespaces + "net", "--uts=" + namespaces + "uts"};
}

void SmallInternet::ip(const std::string& machine, std::vector<std::string> arguments) {
    std::vector<std::string> command = within(machine);
    command.push_back("ip");
    command.insert(command.end(), arguments.begin(), arguments.end());
    const CommandResult result = run_command(std::move(command));
    if (result.exit_code != 0) {
        complaint_ += result.output;
    }
}

void SmallInternet::add_machine(const std::string& name) {
    const std::string ours = link_of("self");
    machines_.insert_or_assign(
        name, Process::start({"unshare", "--net", "--uts", "sleep", "3600"}, {})
    );
    const std::string pid = namespace_of(name);
    if (!eventually(std::chrono::seconds(10), [&] {
            const std::string theirs = link_of(pid);
            return !theirs.empty() && theirs != ours;
        })) {
        complaint_ += name + " has no network of its own\n";
        return;
    }
    ip(name, {"link", "set", "lo", "up"});
    std::vector<std::string> settings = within(name);
    settings.insert(
        settings.end(), {"sysctl", "-qw", "net.ipv4.ip_forward=1", "kernel.hostname=" + name}
    );
    run_command(std::move(settings));
}

void SmallInternet::make_cable(const std::string& from, const std::string& to) {
    ip(from,
       {"link",
        "add",
        device(from, to),
        "type",
        "veth",
        "peer",
        "name",
        device(to, from),
        "netns",
        namespace_of(to)});
    ip(from, {"link", "set", device(from, to), "up"});
    ip(to, {"link", "set", device(to, from), "up"});
}

void SmallInternet::connect(
    const std::string& from,
    const std::string& from_address,
    const std::string& to,
    const std::string& to_address
) {
    make_cable(from, to);
    ip(from, {"address", "add", from_address, "dev", device(from, to)});
    ip(to, {"address", "add", to_address, "dev", device(to, from)});
}

void SmallInternet::join_segment(
    const std::string& hub,
    const std::string& hub_address,
    const std::map<std::string, std::string>& addresses
) {
    ip(hub, {"link", "add", "segment", "type", "bridge"});
    ip(hub, {"address", "add", hub_address, "dev", "segment"});
    ip(hub, {"link", "set", "segment", "up"});
    for (const auto& [machine, address] : addresses) {
        make_cable(hub, machine);
        ip(hub, {"link", "set", device(hub, machine), "master", "segment"});
        ip(machine, {"address", "add", address, "dev", device(machine, hub)});
    }
}

void SmallInternet::route(
    const std::string& machine, const std::string& gateway, const std::string& network
) {
    routes_.push_back({machine, gateway, network});
    ip(machine, {"route", "replace", network, "via", gateway});
}

void SmallInternet::answer_for(const std::string& machine, const std::string& network) {
    ip(machine, {"route", "add", "local", network, "dev", "lo"});
}

void SmallInternet::set_cable(const std::string& machine, const std::string& peer, Cable cable) {
    ip(machine, {"link", "set", device(machine, peer), cable == Cable::pulled ? "down" : "up"});
    for (const Route& each : routes_) {
        if (cable == Cable::plugged && each.machine == machine) {
            ip(machine, {"route", "replace", each.network, "via", each.gateway});
        }
    }
}

}  // namespace muster::test
