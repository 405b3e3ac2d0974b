#include "agent/discovery/items.hpp"

#include "agent/discovery/hardware.hpp"
#include "agent/discovery/machine.hpp"
#include "agent/discovery/mounts.hpp"
#include "agent/discovery/services.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace muster::agent {

namespace {

using wire::Observations;
using wire::ObservedItem;

/// Nothing is said of what is not known.
void say(ObservedItem& item, std::string_view name, std::string value) {
    if (!value.empty()) {
        item.attributes.insert_or_assign(std::string(name), std::move(value));
    }
}

void say(ObservedItem& item, std::string_view name, std::uint64_t value) {
    if (value != 0) {
        say(item, name, std::to_string(value));
    }
}

std::uint32_t add(Observations& seen, std::string object, std::string_view ci_class, WallTime now) {
    seen.items.push_back(
        {.object = std::move(object),
         .ci_class = std::string(ci_class),
         .keys = {},
         .attributes = {},
         .observed = now}
    );
    return static_cast<std::uint32_t>(seen.items.size() - 1);
}

void relate(Observations& seen, std::uint32_t from, std::string_view type, std::uint32_t to) {
    seen.relations.push_back({.from = from, .to = to, .type = std::string(type)});
}

std::uint32_t add_host(Observations& seen, WallTime now) {
    return add(seen, std::string(host_object), "server", now);
}

void describe_host(ObservedItem& host, const Root& root, const MachineFacts& machine) {
    say(host, "name", machine.hostname);
    say(host, "hostname", machine.hostname);
    say(host, "fqdn", machine.fqdn);
    say(host, "machine_id", machine.machine_id);
    say(host, "manufacturer", machine.manufacturer);
    say(host, "model", machine.model);
    say(host, "bios_version", machine.bios_version);
    say(host, "virtualization", machine.virtualization);
    const ProcessorFacts processors = read_processors(root);
    say(host, "cpu_model", processors.model);
    say(host, "cpu_count", processors.threads);
    say(host, "cpu_cores", processors.cores);
    say(host, "cpu_sockets", processors.sockets);
    const MemoryFacts memory = read_memory(root);
    say(host, "memory_bytes", memory.memory_bytes);
    say(host, "swap_bytes", memory.swap_bytes);
}

void add_operating_system(Observations& seen, const Root& root, std::uint32_t host, WallTime now) {
    const OperatingSystemFacts facts = read_operating_system(root);
    const std::uint32_t at = add(seen, "operating_system", "operating_system", now);
    ObservedItem& item = seen.items[at];
    say(item, "name", facts.name);
    say(item, "version", facts.version);
    say(item, "distribution", facts.id);
    say(item, "kernel", facts.kernel);
    say(item, "architecture", facts.architecture);
    relate(seen, at, "runs_on", host);
}

void add_disks(
    Observations& seen,
    const Root& root,
    const MachineFacts& machine,
    std::uint32_t host,
    WallTime now
) {
    // A container shows its host's disks; a virtual one has a serial number that anybody may have given it.
    if (machine.is_container) {
        return;
    }
    for (const DiskFacts& disk : read_disks(root)) {
        const std::uint32_t at = add(seen, "disk/" + disk.name, "disk", now);
        ObservedItem& item = seen.items[at];
        say(item, "name", disk.name);
        say(item, "manufacturer", disk.manufacturer);
        say(item, "model", disk.model);
        say(item, "serial", disk.serial);
        say(item, "wwid", disk.wwid);
        say(item, "size_bytes", disk.size_bytes);
        say(item, "rotational", disk.is_rotational ? "true" : "false");
        if (!disk.serial.empty() && machine.virtualization == "none") {
            const std::string maker = disk.manufacturer.empty() ? disk.model : disk.manufacturer;
            item.keys.push_back({"vendor", "serial", maker + " " + disk.serial});
        }
        relate(seen, host, "contains", at);
    }
}

std::string text_of(AddressScope scope) {
    switch (scope) {
        case AddressScope::global:
            return "global";
        case AddressScope::link:
            return "link";
        case AddressScope::host:
            return "host";
    }
    return "";
}

/// Addresses that every machine has, or that mean nothing beyond a cable, are told with the interface.
void add_addresses(
    Observations& seen, const InterfaceFacts& interface, std::uint32_t on, WallTime now
) {
    std::string local;
    for (const InterfaceAddress& address : interface.addresses) {
        const std::string with_prefix =
            address.address + "/" + std::to_string(address.prefix_length);
        if (address.scope != AddressScope::global) {
            local += (local.empty() ? "" : " ") + with_prefix;
            continue;
        }
        const std::string object = "address/" + address.address;
        const auto known = std::ranges::find(seen.items, object, &ObservedItem::object);
        if (known != seen.items.end()) {  // the same on two interfaces
            relate(seen, on, "has_address", static_cast<std::uint32_t>(known - seen.items.begin()));
            continue;
        }
        const std::uint32_t at = add(seen, object, "ip_address", now);
        ObservedItem& item = seen.items[at];
        say(item, "name", address.address);
        say(item, "address", address.address);
        say(item, "prefix_length", address.prefix_length);
        say(item, "family", address.address.find(':') == std::string::npos ? "ipv4" : "ipv6");
        say(item, "scope", text_of(address.scope));
        relate(seen, on, "has_address", at);
    }
    say(seen.items[on], "local_addresses", local);
}

/// Given by software, not by a maker (IEEE 802, the bit "locally administered").
bool is_made_up(std::string_view mac) {
    return mac.size() > 1 &&
           std::string_view("2367abefABEF").find(mac[1]) != std::string_view::npos;
}

void add_interfaces(
    Observations& seen,
    const Root& root,
    const ReadAddresses& read_addresses,
    std::uint32_t host,
    WallTime now
) {
    auto addresses = read_addresses();
    if (!addresses) {
        seen.lacking.push_back("addresses: " + addresses.error().text());
        addresses = std::vector<InterfaceAddress>{};
    }
    for (const InterfaceFacts& interface : read_interfaces(root, *addresses)) {
        const std::uint32_t at = add(seen, "interface/" + interface.name, "interface", now);
        ObservedItem& item = seen.items[at];
        say(item, "name", interface.name);
        say(item, "alias", interface.alias);
        say(item, "mac", interface.mac);
        say(item, "permanent_mac", interface.permanent_mac);
        say(item, "mtu", interface.mtu);
        say(item, "speed_bps", interface.speed_bps);
        say(item, "type", interface.type);
        say(item, "oper_state", interface.oper_state);
        say(item, "master", interface.master);
        if (!interface.permanent_mac.empty() && !is_made_up(interface.permanent_mac)) {
            item.keys.push_back({"parent", "mac", interface.permanent_mac});
        }
        relate(seen, host, "contains", at);
        add_addresses(seen, interface, at, now);
    }
}

}  // namespace

Observations observe_open(const Root& root, const ReadAddresses& addresses, WallTime now) {
    Observations seen;
    seen.full = true;
    const MachineFacts machine = read_machine(root);
    const std::uint32_t host = add_host(seen, now);
    describe_host(seen.items[host], root, machine);
    add_operating_system(seen, root, host, now);
    add_disks(seen, root, machine, host, now);
    add_interfaces(seen, root, addresses, host, now);
    return seen;
}

Observations observe_privileged(const Root& root, WallTime now) {
    Observations seen;
    seen.full = true;
    MachineFacts machine = read_machine(root);
    read_serials(root, machine, seen.lacking);
    const std::uint32_t at = add_host(seen, now);
    ObservedItem& host = seen.items[at];
    say(host, "serial", machine.serial);
    say(host, "smbios_uuid", machine.uuid);
    say(host, "asset_number", machine.asset_number);
    say(host, "file_systems", read_mounts(root, seen.lacking));
    if (!machine.serial.empty() && !machine.manufacturer.empty()) {
        host.keys.push_back({"vendor", "serial", machine.manufacturer + " " + machine.serial});
    }
    if (!machine.uuid.empty()) {
        host.keys.push_back({"smbios", "uuid", machine.uuid});
    }
    add_services(seen, root, at, now);
    return seen;
}

void merge(Observations& into, Observations more) {
    std::unordered_map<std::string, std::uint32_t> known;
    for (std::uint32_t at = 0; at < into.items.size(); ++at) {
        known.emplace(into.items[at].object, at);
    }
    std::vector<std::uint32_t> now_at;  // of the items of `more`
    for (ObservedItem& item : more.items) {
        const auto [found, is_new] =
            known.try_emplace(item.object, static_cast<std::uint32_t>(into.items.size()));
        now_at.push_back(found->second);
        if (is_new) {
            into.items.push_back(std::move(item));
            continue;
        }
        ObservedItem& same = into.items[found->second];
        for (auto& [name, value] : item.attributes) {
            same.attributes.insert_or_assign(name, std::move(value));
        }
        for (wire::ObservedKey& key : item.keys) {
            if (std::ranges::find(same.keys, key) == same.keys.end()) {
                same.keys.push_back(std::move(key));
            }
        }
    }
    std::set<std::tuple<std::uint32_t, std::uint32_t, std::string>> related;
    for (const wire::ObservedRelation& relation : into.relations) {
        related.emplace(relation.from, relation.to, relation.type);
    }
    for (wire::ObservedRelation& relation : more.relations) {
        relation.from = now_at.at(relation.from);
        relation.to = now_at.at(relation.to);
        if (related.emplace(relation.from, relation.to, relation.type).second) {
            into.relations.push_back(std::move(relation));
        }
    }
    for (std::string& fact : more.lacking) {
        if (std::ranges::find(into.lacking, fact) == into.lacking.end()) {
            into.lacking.push_back(std::move(fact));
        }
    }
}

void add_observer(Observations& seen, const Observer& observer, WallTime now) {
    const auto host = std::ranges::find(seen.items, host_object, &ObservedItem::object);
    const auto at_host = static_cast<std::uint32_t>(host - seen.items.begin());
    const std::string id = observer.agent.text();
    std::string hostname;
    if (host != seen.items.end()) {
        hostname = host->attributes["hostname"];
        host->keys.insert(host->keys.begin(), {"agent", "machine_key", id});
    }
    const std::uint32_t at = add(seen, "agent", "agent", now);
    seen.items[at].keys.push_back({"agent", "agent_id", id});
    say(seen.items[at], "hostname", hostname);
    say(seen.items[at], "version", observer.version);
    if (at_host < at) {
        relate(seen, at, "runs_on", at_host);
    }
}

}  // namespace muster::agent
