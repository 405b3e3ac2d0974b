#include "brain_world.hpp"

#include "base/crypto.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace muster::collector::brain_test {

namespace {

constexpr std::string_view types[] = {"icmp"};
constexpr config::MetricSpec metrics[] = {
    {"rtt_avg", "ms", 3, "Mean round trip."}, {"loss", "%", 1, "Requests without a reply."}
};

std::string id_bytes(const std::string& name) {
    return std::string(Uuid::named(name).raw());
}

std::vector<std::string> split(const std::string& line, char at) {
    std::vector<std::string> out{""};
    for (const char c : line) {
        if (c == at) {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

}  // namespace

BrainOptions options_at(std::string state_path) {
    BrainOptions options;
    options.state_path = std::move(state_path);
    options.probe_types = {{types[0], {}, metrics}};
    return options;
}

std::string simple_targets(int count, int probes_each, const std::string& more) {
    std::string yaml = "targets:\n";
    for (int i = 1; i <= count; ++i) {
        const std::string n = std::to_string(i);
        yaml += "  - name: t" + n + "\n    class: server\n    address: 127.0.0." + n + "\n";
        yaml +=
            "    breach: {failures: 3}\n    recover: {successes: 2}\n    hold: 5s\n    probes:\n";
        for (int p = 1; p <= probes_each; ++p) {
            const std::string name = probes_each == 1 ? "p" : "p" + std::to_string(p);
            yaml += "      - {type: icmp, name: " + name + ", interval: 1s, timeout: 500ms}\n";
        }
    }
    return yaml + more;
}

wire::Observations machine(const std::string& name, const std::string& address) {
    wire::Observations seen;
    seen.run = "run of " + name;
    seen.full = true;
    seen.items = {
        {"host", "server", {}, {{"name", name}, {"hostname", name}, {"memory_bytes", "1024"}}, {}},
        {"operating_system", "operating_system", {}, {{"name", "Debian"}, {"version", "12"}}, {}},
        {"interface/eth0",
         "interface",
         {},
         {{"name", "eth0"}, {"permanent_mac", "00:1a:2b:3c:4d:5e"}},
         {}},
        {"address/" + address, "ip_address", {}, {{"name", address}, {"address", address}}, {}},
        {"service/sshd", "software_instance", {}, {{"name", "sshd"}}, {}},
        {"endpoint/tcp/0.0.0.0:22",
         "application_endpoint",
         {},
         {{"name", "tcp/0.0.0.0:22"},
          {"protocol", "tcp"},
          {"listen_address", "0.0.0.0"},
          {"port", "22"}},
         {}},
        {"agent", "agent", {}, {{"hostname", name}}, {}},
    };
    seen.relations = {
        {1, 0, "runs_on"},
        {0, 2, "contains"},
        {2, 3, "has_address"},
        {4, 0, "runs_on"},
        {4, 5, "provides"},
        {6, 0, "runs_on"},
    };
    return seen;
}

BrainWorld::BrainWorld(BrainOptions options) : wall_(wall_from_ns(1'700'000'000'000'000'000)) {
    auto opened = Brain::open(std::move(options));
    if (!opened) {
        ADD_FAILURE() << opened.error().text();
        std::abort();
    }
    brain_ = std::make_unique<Brain>(std::move(*opened));
}

void BrainWorld::advance(Duration by) {
    wall_ += by;
    elapsed_ += by;
}

Effects BrainWorld::fold(Entry entry) {
    entry.lsn = journal_.size() + 1;
    entry.elapsed = elapsed_;
    entry.wall = wall_;
    journal_.push_back(entry);
    const Status folded = brain_->fold(entry);
    EXPECT_TRUE(folded) << folded.error().text();
    auto effects = brain_->commit();
    if (!effects) {
        ADD_FAILURE() << effects.error().text();
        return {};
    }
    nobody_told_ = effects->nobody_told.value_or(nobody_told_);
    for (const IssuedAssignments& issued : effects->issued) {
        if (const auto found = agents_.find(issued.agent); found != agents_.end()) {
            learn(*found->second, issued);
        }
    }
    for (const Effects::Append& asked : effects->append) {
        append(asked.kind, asked.body);
    }
    return std::move(*effects);
}

Effects BrainWorld::append(EntryKind kind, std::string body) {
    Entry entry;
    entry.kind = kind;
    entry.body = std::move(body);
    return fold(std::move(entry));
}

void BrainWorld::learn(TestAgent& agent, const IssuedAssignments& issued) {
    agent.epoch = issued.epoch;
    agent.dense.clear();
    std::map<std::string, std::string> name_of;
    std::map<std::string, std::string> ci_of;
    const Tables all = tables();
    for (const Row& row : rows_of(all, "ci")) {
        ci_of[row[0]] = row[2];
    }
    for (const Row& row : rows_of(all, "probe")) {
        name_of[row[0]] = ci_of[row[1]] + "/" + row[4];
    }
    for (const AssignmentItem& item : *issued.items) {
        const auto id = Uuid::from_bytes(item.assignment.probe_id());
        std::string key = "x";
        for (const char c : id->raw()) {
            static constexpr char digits[] = "0123456789abcdef";
            key += digits[static_cast<unsigned char>(c) >> 4U];
            key += digits[static_cast<unsigned char>(c) & 15U];
        }
        agent.dense[name_of[key]] = item.assignment.dense();
    }
}

void BrainWorld::load_config(const std::string& yaml) {
    proto::ConfigLoaded body;
    auto* file = body.add_files();
    file->set_name("watch.yaml");
    file->set_text(yaml);
    body.set_hash(sha256(yaml));
    body.set_silent_after_ns(std::chrono::nanoseconds(silent_after).count());
    body.set_silent_incident_after_ns(std::chrono::nanoseconds(silent_incident_after).count());
    append(EntryKind::config_loaded, body.SerializeAsString());
}

void BrainWorld::start() {
    proto::CollectorStarted body;
    append(EntryKind::collector_started, body.SerializeAsString());
}

void BrainWorld::pass(Duration time) {
    while (time > Duration{}) {
        const Duration step = std::min<Duration>(time, std::chrono::seconds(1));
        advance(step);
        append(EntryKind::tick);
        time -= step;
    }
}

TestAgent& BrainWorld::enrol(const std::string& name, const std::string& site) {
    auto agent = std::make_unique<TestAgent>();
    agent->id = AgentId{Uuid::named(name)};
    agent->spool = SpoolId{Uuid::named(name + " spool")};
    agent->name = name;
    TestAgent& kept = *agents_.emplace(agent->id, std::move(agent)).first->second;
    proto::AgentEnrolled body;
    body.set_agent_id(id_bytes(name));
    body.set_name(name);
    body.set_site(site);
    body.set_hostname("host-" + name);
    append(EntryKind::agent_enrolled, body.SerializeAsString());
    return kept;
}

void BrainWorld::connect(TestAgent& agent) {
    proto::AgentConnected body;
    body.set_agent_id(std::string(agent.id.raw()));
    body.set_address(agent.address);
    body.set_version("0.1.0");
    body.set_assignment_epoch(agent.epoch);
    auto* stream = body.add_backlog();
    stream->set_spool_id(std::string(agent.spool.raw()));
    stream->set_next_seq(agent.seq + 1);
    stream->set_committed_seq(agent.committed);
    body.set_boot_id(std::string(8, static_cast<char>(agent.boot)) + std::string(8, '\0'));
    append(EntryKind::agent_connected, body.SerializeAsString());
}

void BrainWorld::disconnect(TestAgent& agent, bool orderly) {
    proto::AgentDisconnected body;
    body.set_agent_id(std::string(agent.id.raw()));
    body.set_orderly(orderly);
    append(EntryKind::agent_disconnected, body.SerializeAsString());
}

void BrainWorld::alive(const TestAgent& agent) {
    proto::AgentAlive body;
    body.add_agent_ids(std::string(agent.id.raw()));
    append(EntryKind::agent_alive, body.SerializeAsString());
}

DecodedBatch BrainWorld::record(TestAgent& agent, std::vector<Said> results) {
    DecodedBatch batch;
    batch.agent = agent.id;
    batch.spool = agent.spool;
    batch.seq = ++agent.seq;
    batch.wall = wall_;
    batch.mono = mono_from_ns(to_ns(wall_));
    batch.results.epoch = agent.epoch;
    batch.results.boot = 0x0101010101010101ULL * agent.boot;
    std::ranges::sort(results, [&](const Said& a, const Said& b) {
        return std::pair(agent.dense.at(a.probe), -a.ago) <
               std::pair(agent.dense.at(b.probe), -b.ago);
    });
    for (const Said& said : results) {
        const auto index = static_cast<std::uint32_t>(batch.results.size());
        batch.results.probe.push_back(agent.dense.at(said.probe));
        batch.results.time_ms.push_back(-static_cast<std::int32_t>(to_ms(said.ago)));
        batch.results.state.push_back(static_cast<std::uint8_t>(said.state));
        if (!said.seen.empty()) {
            batch.results.notes.push_back({index, said.reason, "a reply within 500ms", said.seen});
        }
    }
    for (const Said& said : results) {
        batch.results.value_runs.push_back({1, static_cast<std::uint32_t>(said.values.size())});
        batch.results.values.insert(
            batch.results.values.end(), said.values.begin(), said.values.end()
        );
    }
    return batch;
}

void BrainWorld::spool(TestAgent& agent, std::vector<Said> results) {
    agent.spooled.push_back(record(agent, std::move(results)));
}

void BrainWorld::spool_observations(TestAgent& agent, wire::Observations seen) {
    for (wire::ObservedItem& item : seen.items) {
        item.observed = wall_;
        if (item.object == "host") {
            item.keys.push_back({"agent", "machine_key", agent.id.text()});
        } else if (item.object == "agent") {
            item.keys.push_back({"agent", "agent_id", agent.id.text()});
        }
    }
    DecodedBatch batch;
    batch.agent = agent.id;
    batch.spool = agent.spool;
    batch.seq = ++agent.seq;
    batch.wall = wall_;
    batch.mono = mono_from_ns(to_ns(wall_));
    batch.observations = std::make_shared<const wire::Observations>(std::move(seen));
    agent.spooled.push_back(std::move(batch));
}

void BrainWorld::observe(TestAgent& agent, wire::Observations seen) {
    spool_observations(agent, std::move(seen));
    drain(agent);
}

void BrainWorld::drain(TestAgent& agent) {
    for (DecodedBatch& batch : std::exchange(agent.spooled, {})) {
        agent.committed = batch.seq;
        Entry entry;
        entry.kind = EntryKind::batch;
        auto batches = std::make_shared<std::vector<DecodedBatch>>();
        batches->push_back(std::move(batch));
        entry.batches = std::move(batches);
        fold(std::move(entry));
    }
}

void BrainWorld::lose(
    TestAgent& agent, const wire::Gap& gap, std::uint32_t span, std::uint32_t results
) {
    DecodedBatch batch = record(agent, {});
    batch.gap = gap;
    batch.lost = results;
    batch.span = span;
    agent.seq += span - 1;
    agent.spooled.push_back(std::move(batch));
    drain(agent);
}

void BrainWorld::deliver(TestAgent& agent, std::vector<Said> results) {
    spool(agent, std::move(results));
    drain(agent);
}

Verdict BrainWorld::command(
    const std::string& name,
    const std::string& body,
    const std::string& key,
    const std::string& if_match
) {
    proto::CommandEntry command;
    command.set_name(name);
    command.set_actor("admin");
    command.set_idempotency_key(key);
    command.set_if_match(if_match);
    command.set_body(body);
    const Effects effects = append(EntryKind::command, command.SerializeAsString());
    EXPECT_EQ(effects.answers.size(), 1U);
    return effects.answers.empty() ? Verdict{} : effects.answers.front().verdict;
}

void BrainWorld::confirm(const std::string& outbox_id, int status) {
    proto::DeliveryResult body;
    body.set_outbox_id(outbox_id);
    body.set_delivered(status == 200);
    body.set_status(status);
    body.set_detail(status == 200 ? "" : "HTTP " + std::to_string(status));
    append(EntryKind::delivery_result, body.SerializeAsString());
}

BrainWorld::Tables BrainWorld::tables() const {
    const auto dump = brain_->digest();
    if (!dump) {
        ADD_FAILURE() << dump.error().text();
        return {};
    }
    return split(*dump, '\n');
}

std::vector<BrainWorld::Row> BrainWorld::rows_of(const Tables& all, std::string_view table) {
    std::vector<Row> out;
    const std::string begin = std::string(table) + '\t';
    for (const std::string& line : all) {
        if (line.starts_with(begin)) {
            std::vector<std::string> parts = split(line, '\t');
            parts.erase(parts.begin());
            out.push_back(Row{std::move(parts)});
        }
    }
    return out;
}

std::vector<BrainWorld::Row> BrainWorld::rows(std::string_view table) const {
    return rows_of(tables(), table);
}

std::vector<std::string> BrainWorld::column(std::string_view table, std::size_t index) const {
    std::vector<std::string> out;
    for (const Row& row : rows(table)) {
        out.push_back(row.at(index));
    }
    return out;
}

std::string BrainWorld::probe_state(const std::string& name) {
    std::map<std::string, std::string> ci_of;
    for (const Row& row : rows("ci")) {
        ci_of[row[0]] = row[2];
    }
    for (const Row& row : rows("probe")) {
        if (ci_of[row[1]] + "/" + row[4] == name) {
            return row[11];
        }
    }
    return "no such probe";
}

std::string BrainWorld::ci_state(const std::string& name) {
    for (const Row& row : rows("ci")) {
        if (row[2] == name) {
            return row[7];
        }
    }
    return "no such CI";
}

std::vector<std::string> BrainWorld::cis() const {
    std::vector<std::string> out;
    for (const Row& row : rows("ci")) {
        std::string line = row[1] + " " + row[2];
        line += row[12] != "-" ? " (merged)" : row[11] != "-" ? " (retired)" : "";
        line += row[13] != "-" ? " (missing)" : "";
        out.push_back(std::move(line));
    }
    std::ranges::sort(out);
    return out;
}

std::vector<std::string> BrainWorld::relations() const {
    std::map<std::string, std::string> name_of;
    for (const Row& row : rows("ci")) {
        name_of[row[0]] = row[2];
    }
    std::vector<std::string> out;
    for (const Row& row : rows("ci_relation")) {
        if (row[7] == "-" && row[9] == "-") {
            out.push_back(name_of[row[4]] + " " + row[2] + " " + name_of[row[5]]);
        }
    }
    std::ranges::sort(out);
    return out;
}

std::size_t BrainWorld::incidents(std::string_view state) const {
    const auto states = column("incident", incident_state);
    return static_cast<std::size_t>(std::ranges::count(states, state));
}

std::vector<std::string> BrainWorld::outbox() const {
    std::vector<std::pair<std::pair<std::uint64_t, std::uint64_t>, std::string>> rows_by_time;
    for (const Row& row : rows("outbox")) {
        rows_by_time.push_back({{std::stoull(row[10]), std::stoull(row[11])}, row[0]});
    }
    std::ranges::sort(rows_by_time);
    std::vector<std::string> out;
    for (auto& [at, id] : rows_by_time) {
        out.push_back(std::move(id));
    }
    return out;
}

}  // namespace muster::collector::brain_test
