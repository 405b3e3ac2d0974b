#include "agent/discovery/services.hpp"

#include "agent/discovery/processes.hpp"
#include "agent/discovery/sockets.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace muster::agent {

namespace {

using wire::Observations;
using wire::ObservedItem;

/// With all else far below the 20,000 items that observations may have.
constexpr std::size_t most_listeners = 10'000;

std::string reach_text(AddressScope reach) {
    switch (reach) {
        case AddressScope::global:
            return "network";
        case AddressScope::link:
            return "link";
        case AddressScope::host:
            return "loopback";
    }
    return "";
}

std::string place_of(const Listener& listener) {
    const bool is_six = listener.address.find(':') != std::string::npos;
    return (is_six ? "[" + listener.address + "]" : listener.address) + ":" +
           std::to_string(listener.port);
}

class Services {
  public:
    Services(Observations& seen, std::uint32_t host, WallTime now)
        : seen_(seen), host_(host), now_(now) {}

    void add(const Listener& listener, const Holders& holders);

  private:
    std::uint32_t add_item(std::string object, std::string ci_class);
    std::uint32_t software(const ProcessFacts& process);
    void relate(std::uint32_t from, std::string type, std::uint32_t to);

    Observations& seen_;
    std::uint32_t host_;
    WallTime now_;
    std::map<std::string, std::uint32_t> by_name_;
};

std::uint32_t Services::add_item(std::string object, std::string ci_class) {
    ObservedItem item;
    item.object = std::move(object);
    item.ci_class = std::move(ci_class);
    item.observed = now_;
    seen_.items.push_back(std::move(item));
    return static_cast<std::uint32_t>(seen_.items.size() - 1);
}

void Services::relate(std::uint32_t from, std::string type, std::uint32_t to) {
    seen_.relations.push_back({.from = from, .to = to, .type = std::move(type)});
}

std::uint32_t Services::software(const ProcessFacts& process) {
    const std::string name = process.name();
    const auto known = by_name_.find(name);
    if (known != by_name_.end()) {
        return known->second;
    }
    const std::uint32_t at = add_item("service/" + name, "software_instance");
    by_name_.emplace(name, at);
    std::map<std::string, std::string>& says = seen_.items[at].attributes;
    const auto say = [&says](const char* called, const std::string& value) {
        if (!value.empty()) {
            says.emplace(called, value);
        }
    };
    say("name", name);
    say("unit", process.unit);
    say("container", process.container);
    say("executable", process.executable);
    say("script", process.script);
    say("argument0", process.argument0);
    say("user", process.user);
    relate(at, "runs_on", host_);
    return at;
}

void Services::add(const Listener& listener, const Holders& holders) {
    std::set<std::uint32_t> providers;
    for (const std::uint64_t inode : listener.inodes) {
        const auto found = holders.of.find(inode);
        if (found == holders.of.end()) {
            continue;
        }
        const ProcessFacts& process = holders.processes[found->second];
        if (!process.name().empty()) {
            providers.insert(software(process));
        }
    }
    const std::string place = listener.protocol + "/" + place_of(listener);
    const std::uint32_t at = add_item("endpoint/" + place, "application_endpoint");
    seen_.items[at].attributes = {
        {"name", place},
        {"protocol", listener.protocol},
        {"port", std::to_string(listener.port)},
        {"listen_address", listener.address},
        {"reachable", reach_text(listener.reach)}
    };
    for (const std::uint32_t provider : providers) {
        relate(provider, "provides", at);
    }
    if (providers.empty()) {
        relate(host_, "provides", at);
    }
}

}  // namespace

void add_services(Observations& seen, const Root& root, std::uint32_t host, WallTime now) {
    const std::vector<Listener> listeners = read_listeners(root, most_listeners, seen.lacking);
    std::vector<std::uint64_t> inodes;
    for (const Listener& listener : listeners) {
        inodes.insert(inodes.end(), listener.inodes.begin(), listener.inodes.end());
    }
    const Holders holders = find_holders(root, inodes, seen.lacking);
    Services services(seen, host, now);
    for (const Listener& listener : listeners) {
        services.add(listener, holders);
    }
}

}  // namespace muster::agent
