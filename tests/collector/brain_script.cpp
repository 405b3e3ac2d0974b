#include "brain_script.hpp"

#include <algorithm>

namespace muster::collector::brain_test {

using std::chrono::seconds;

namespace {

constexpr int shortest_phase = 15;

}  // namespace

RandomScript::RandomScript(BrainWorld& world, std::uint64_t seed, Turmoil turmoil)
    : world_(world), random_(seed), turmoil_(turmoil) {}

std::string RandomScript::yaml(int targets) const {
    std::string text =
        "channels:\n  - {name: ops, type: webhook, url: \"https://127.0.0.1:1/\", "
        "secret: {file: /s}}\n" +
        more_channels_ + (people_work_ ? "" : "incidents: {reopen_within: 0s}\n") + "targets:\n";
    for (int i = 0; i < targets; ++i) {
        const std::string n = std::to_string(i);
        text += "  - name: t" + n + "\n    class: server\n    address: 127.0.0." + n + "\n";
        text +=
            "    from: {agent: a" + std::to_string(i % static_cast<int>(agents_.size())) + "}\n";
        text +=
            "    breach: {failures: 3}\n    recover: {successes: 2}\n    hold: 5s\n"
            // Each fault is to be an incident of its own here, however many there are.
            "    flapping: {transitions: 100, over: 1s}\n    probes:\n";
        for (int p = 0; p < probes_each_; ++p) {
            text += "      - {type: icmp, name: p" + std::to_string(p) +
                    ", interval: 1s, timeout: 500ms}\n";
        }
    }
    return text;
}

void RandomScript::set_up(int agents, int targets, int probes_each) {
    probes_each_ = probes_each;
    world_.start();
    for (int i = 0; i < agents; ++i) {
        agents_.push_back({&world_.enrol("a" + std::to_string(i)), true, 0});
    }
    world_.load_config(yaml(targets));
    for (AgentDriver& driver : agents_) {
        world_.connect(*driver.agent);
    }
    for (int i = 0; i < targets; ++i) {
        targets_.push_back(
            {"t" + std::to_string(i),
             i % agents,
             false,
             shortest_phase + static_cast<int>(random_.below(30))}
        );
    }
}

void RandomScript::measure() {
    std::vector<std::vector<Said>> results(agents_.size());
    for (TargetState& target : targets_) {
        if (!calming_ && --target.until_change <= 0) {
            target.failing = !target.failing;
            target.until_change = shortest_phase + static_cast<int>(random_.below(40));
            faults_ += target.failing ? 1 : 0;
        }
        for (int p = 0; p < probes_each_; ++p) {
            // The first probe always shows the fault, the others perhaps.
            const bool shows = target.failing && (p == 0 || random_.below(4) != 0);
            results[static_cast<std::size_t>(target.agent)].push_back(
                {target.name + "/p" + std::to_string(p),
                 shows ? critical : ok,
                 {},
                 shows ? "no reply from " + target.name : "",
                 {},
                 seconds_ / 7 % 2 == 0 ? "timeout" : "refused"}
            );
        }
    }
    for (std::size_t i = 0; i < agents_.size(); ++i) {
        if (!results[i].empty()) {
            world_.spool(*agents_[i].agent, std::move(results[i]));
        }
        if (agents_[i].linked) {
            world_.drain(*agents_[i].agent);
        }
    }
}

void RandomScript::look() {
    for (std::size_t i = 0; i < agents_.size(); ++i) {
        const std::string n = std::to_string(i);
        const int turn = seconds_ / 5 + static_cast<int>(i);
        auto seen = machine("m" + n, "10.0.0." + std::to_string(turn % 3));
        if (turn % 2 == 0) {  // the service is gone; every second time nobody looked for it
            seen.full = turn % 4 == 0;
            seen.items.erase(seen.items.begin() + 4, seen.items.begin() + 6);
            seen.relations = {
                {1, 0, "runs_on"}, {0, 2, "contains"}, {2, 3, "has_address"}, {4, 0, "runs_on"}
            };
        }
        seen.items[0].keys = {{"vendor", "serial", "ACME S" + std::to_string(turn % 4 / 2)}};
        world_.spool_observations(*agents_[i].agent, std::move(seen));
    }
}

void RandomScript::cut_or_mend(AgentDriver& driver) {
    if (driver.linked) {
        if (random_.below(60) == 0) {
            driver.linked = false;
            driver.seconds_cut = 1 + static_cast<int>(random_.below(80));
            if (random_.below(4) != 0) {
                world_.disconnect(*driver.agent, random_.below(5) == 0);
            }
        }
        return;
    }
    if (--driver.seconds_cut <= 0) {
        if (random_.below(4) == 0) {
            driver.agent->boot += 1;
        }
        world_.connect(*driver.agent);
        driver.linked = true;
    }
}

void RandomScript::collector_restart() {
    for (AgentDriver& driver : agents_) {
        driver.linked = false;
        driver.seconds_cut = 1 + static_cast<int>(random_.below(10));
    }
    world_.start();
}

void RandomScript::some_work(const std::string& number, const std::string& key) {
    static const std::pair<const char*, const char*> work[] = {
        {"incident.assign", R"("assignee":"anna","team":"net")"},
        {"incident.take", R"("x":1)"},
        {"incident.pending", R"("reason":"supplier","text":"a part")"},
        {"incident.resume", R"("text":"it came")"},
        {"incident.resolve", R"("text":"done")"},
        {"incident.reopen", R"("text":"not done")"},
        {"incident.cancel", R"("text":"none")"},
        {"incident.close", R"("text":"done")"},
        {"incident.edit", R"("urgency":"high","impact":"low")"},
        {"incident.link", R"("type":"related","to":1)"},
        {"incident.create", R"("title":"it is slow","kind":"request")"},
        {"incident.bulk", R"("action":"acknowledge","q":"open = true and priority <= 3")"},
        {"window.create", R"("match":"name ~ \"t*\"","for_ns":20000000000,"reason":"upgrade")"},
        {"window.cancel", R"("window":1)"},
    };
    const auto& [name, body] = work[random_.below(std::size(work))];
    world_.command(name, R"({"number":)" + number + "," + body + "}", key);
}

void RandomScript::some_command() {
    static const char* names[] = {"incident.acknowledge", "incident.comment"};
    const std::string number = std::to_string(1 + random_.below(faults_ + 2));
    const std::string key =
        random_.below(2) == 0 ? "" : "k" + std::to_string(next_key_ - random_.below(2));
    ++next_key_;
    if (people_work_ && random_.below(4) != 0) {
        some_work(number, key);
        return;
    }
    if (!more_channels_.empty() && random_.below(4) == 0) {
        const std::string delivered = random_.below(2) == 0 ? "true" : "false";
        world_.command(
            "channel.test", R"({"name":"night","status":0,"delivered":)" + delivered + "}", key
        );
        return;
    }
    world_.command(names[random_.below(2)], R"({"number":)" + number + R"(,"text":"seen"})", key);
}

void RandomScript::turmoil() {
    for (AgentDriver& driver : agents_) {
        cut_or_mend(driver);
    }
    if (random_.below(100) == 0) {
        collector_restart();
    }
    if (random_.below(20) == 0) {
        some_command();
    }
    if (random_.below(15) == 0) {
        for (const std::string& id : world_.outbox()) {
            if (random_.below(2) == 0) {
                world_.confirm(id, random_.below(3) != 0 ? 200 : 503);
            }
        }
    }
}

void RandomScript::second() {
    world_.advance(seconds(1));
    if (turmoil_ == Turmoil::everything) {
        turmoil();
        if (++seconds_ % 5 == 0) {
            look();
        }
    }
    measure();
    world_.append(EntryKind::tick);
}

void RandomScript::run(int seconds_to_run) {
    for (int i = 0; i < seconds_to_run; ++i) {
        second();
    }
}

void RandomScript::calm_down() {
    calming_ = true;
    for (TargetState& target : targets_) {
        // A fault that has just begun is one as well: let it be seen.
        target.until_change = 0;
    }
    for (int i = 0; i < shortest_phase; ++i) {
        world_.advance(seconds(1));
        measure();
        world_.append(EntryKind::tick);
    }
    for (TargetState& target : targets_) {
        target.failing = false;
    }
    for (AgentDriver& driver : agents_) {
        if (!driver.linked) {
            world_.connect(*driver.agent);
            driver.linked = true;
        }
    }
    for (int i = 0; i < shortest_phase; ++i) {
        world_.advance(seconds(1));
        measure();
        world_.append(EntryKind::tick);
    }
}

}  // namespace muster::collector::brain_test
