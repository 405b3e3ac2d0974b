#include "brain_network.hpp"

#include <utility>

namespace muster::collector::brain_test {

namespace {

using std::chrono::seconds;

constexpr const char* channel =
    "channels:\n  - {name: ops, type: webhook, url: \"https://127.0.0.1:1/\", secret: {file: "
    "/s}}\n";
constexpr int targets_of_local = 30;

std::string large_watch() {
    std::string text =
        "storm: {incidents: 10, within: 30s}\nhost_watch: {interval: 1s}\ntargets:\n"
        "  - {name: shared, class: server, address: 10.8.0.1, from: {any: 3, quorum: 2}, probes: "
        "[{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n"
        "  - {name: web, class: server, address: 10.0.1.1, from: {agent: local}, probes: "
        "[{type: icmp, name: p, interval: 1s, timeout: 500ms}]}\n";
    for (int i = 1; i <= targets_of_local; ++i) {
        const std::string n = std::to_string(i);
        text += "  - {name: t" + n + ", class: server, address: 10.9.0." + n +
                ", from: {agent: local}, probes: [{type: icmp, name: p, interval: 1s, timeout: "
                "500ms}], breach: {any: [{failures: 3}, {metric: rtt_avg, above: 200, for: 2}]}, "
                "flapping: {transitions: 5, over: 90s}}\n";
    }
    return text;
}

/// Some targets answer late from here on.
void slow_down(Network& net, Random& random) {
    for (std::uint64_t left = random.below(4); left > 0; --left) {
        net.rtt_ms["t" + std::to_string(random.below(targets_of_local) + 1)] = 300;
    }
    net.run(seconds(random.below(30)));
}

/// One way in which the network breaks.
void break_something(Network& net, Random& random) {
    static const char* const hosts[] = {"h1", "h2", "h3", "g1", "g2"};
    const std::string host = hosts[random.below(5)];
    switch (random.below(7)) {
        case 0:
            net.dead.insert(net.host_of.at(host));
            break;
        case 1:
            net.linked.erase(host);
            if (random.below(2) == 0) {
                net.world.disconnect(*net.agents.at(host));
            }
            break;
        case 2:
            for (const std::string each : {"h1", "h2", "h3"}) {
                net.linked.erase(each);
                net.severed.insert({"local", net.host_of.at(each)});
            }
            break;
        case 3:
            net.blind.insert("local");
            for (const char* each : hosts) {
                net.linked.erase(each);
            }
            break;
        case 4:
            for (int i = 1; i <= 12; ++i) {
                net.dead.insert("10.9.0." + std::to_string(random.below(targets_of_local) + 1));
            }
            break;
        case 5:
            net.severed.insert({host, "10.8.0.1"});
            net.severed.insert({host, net.host_of.at("h1")});
            break;
        default:
            net.dead.insert("10.8.0.1");
            break;
    }
}

void heal(Network& net, Random& random) {
    net.dead.clear();
    net.severed.clear();
    net.blind.clear();
    for (auto& [name, rtt] : net.rtt_ms) {
        rtt = 10;
    }
    std::vector<std::string> names;
    for (const auto& [name, agent] : net.agents) {
        names.push_back(name);
    }
    for (std::size_t left = names.size(); left > 0; --left) {
        std::swap(names[left - 1], names[random.below(left)]);
        net.come_back(names[left - 1]);
        net.run(seconds(random.below(8)));
    }
}

}  // namespace

Network::Network(
    const Places& where,
    const std::string& watch,
    std::map<std::string, std::string> targets,
    const Silence& silence
)
    : target_hosts(std::move(targets)) {
    world.silent_after = silence.after;
    world.silent_incident_after = silence.incident_after;
    world.start();
    for (const auto& [name, place] : where) {
        TestAgent& agent = world.enrol(name, place.second);
        agent.address = place.first + ":40000";
        agents[name] = &agent;
        host_of[name] = place.first;
        linked.insert(name);
    }
    world.load_config(channel + watch);
    for (auto& [name, agent] : agents) {
        world.connect(*agent);
    }
    run(seconds(40));
}

bool Network::answers(const std::string& from, const std::string& host) const {
    if (blind.contains(from) || dead.contains(host)) {
        return false;
    }
    return !severed.contains({from, host});
}

void Network::run(Duration time) {
    for (Duration passed{}; passed < time; passed += seconds(1)) {
        world.advance(seconds(1));
        for (auto& [name, agent] : agents) {
            if (dead.contains(host_of[name]) || stopped.contains(name)) {
                continue;
            }
            std::vector<Said> seen = measure(name, *agent);
            if (!linked.contains(name)) {
                if (spooling.contains(name) && !seen.empty()) {
                    world.spool(*agent, std::move(seen));
                }
                continue;
            }
            if (!seen.empty()) {
                world.deliver(*agent, std::move(seen));
            }
            world.alive(*agent);
        }
        world.append(EntryKind::tick);
    }
}

void Network::come_back(const std::string& name) {
    linked.insert(name);
    dead.erase(host_of[name]);
    stopped.erase(name);
    spooling.erase(name);
    world.connect(*agents[name]);
    world.drain(*agents[name]);
}

std::vector<std::string> Network::open_kinds() {
    std::vector<std::string> out;
    for (const auto& row : world.rows("incident")) {
        if (row[incident_state] != "resolved") {
            out.push_back(row[incident_kind]);
        }
    }
    return out;
}

std::vector<Said> Network::measure(const std::string& name, const TestAgent& agent) const {
    std::vector<Said> results;
    for (const auto& [probe, dense] : agent.dense) {
        const std::string ci = probe.substr(0, probe.find('/'));
        const auto target = target_hosts.find(ci);
        const std::string host = target != target_hosts.end() ? target->second : host_of.at(ci);
        if (unasked.contains(host)) {
            continue;
        }
        const bool well = answers(name, host);
        Said said{probe, well ? ok : critical, {}, well ? "" : "no reply from " + host};
        if (const auto slow = rtt_ms.find(ci); well && slow != rtt_ms.end()) {
            said.values = {slow->second * 1000, 0};
        }
        results.push_back(std::move(said));
    }
    return results;
}

const Network::Places three_hosts{
    {"local", {"127.0.0.1", "HQ"}},
    {"h1", {"10.0.1.1", "branch"}},
    {"h2", {"10.0.1.2", "branch"}},
    {"h3", {"10.0.1.3", "branch"}}
};

std::string two_targets() {
    std::string text = "targets:\n";
    for (const std::string n : {"1", "2"}) {
        text += "  - {name: far" + n + ", class: server, address: 10.9.0." + n +
                ", from: {agent: local}, probes: [{type: icmp, name: p, interval: 1s, timeout: "
                "500ms}]}\n";
    }
    return text;
}

Network large_network() {
    std::map<std::string, std::string> hosts{{"shared", "10.8.0.1"}, {"web", "10.0.1.1"}};
    for (int i = 1; i <= targets_of_local; ++i) {
        hosts["t" + std::to_string(i)] = "10.9.0." + std::to_string(i);
    }
    return Network(
        {{"local", {"127.0.0.1", "HQ"}},
         {"h1", {"10.0.1.1", "branch"}},
         {"h2", {"10.0.1.2", "branch"}},
         {"h3", {"10.0.1.3", "branch"}},
         {"g1", {"10.0.2.1", "plant"}},
         {"g2", {"10.0.2.2", "plant"}}},
        large_watch(),
        std::move(hosts)
    );
}

void live_through_night(Network& net, std::uint64_t seed) {
    SeededRandom random(seed);
    for (int trouble = 0; trouble < 4; ++trouble) {
        slow_down(net, random);
        for (std::uint64_t at_once = 0; at_once <= random.below(2); ++at_once) {
            break_something(net, random);
            net.run(seconds(random.below(10)));
        }
        if (random.below(4) == 0) {
            net.world.start();
            for (const std::string& name : std::set<std::string>(net.linked)) {
                net.world.connect(*net.agents.at(name));
            }
        }
        net.run(seconds(30 + random.below(90)));
        heal(net, random);
        net.run(seconds(20));
    }
    net.run(std::chrono::minutes(2));
}

}  // namespace muster::collector::brain_test
