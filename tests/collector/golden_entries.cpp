#include "golden_entries.hpp"

#include "base/crypto.hpp"
#include "base/expect.hpp"
#include "brain_world.hpp"

namespace muster::collector::golden {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view watch = R"(channels:
  - {name: ops, type: webhook, url: "http://192.0.2.99/", secret: {file: /etc/muster/hook}}
targets:
  - name: switch1
    class: server
    address: 192.0.2.7
    breach: {failures: 3}
    recover: {successes: 2}
    hold: 5s
    probes: [{type: icmp, name: ping, interval: 1s, timeout: 500ms}]
)";
constexpr Duration apart = 4s;
const WallTime beginning = wall_from_ns(1'700'000'000'000'000'000);

std::string agent_id() {
    return std::string(Uuid::named("golden agent").raw());
}

std::string spool_id() {
    return std::string(Uuid::named("golden spool").raw());
}

/// `count` results of the only probe, a second apart, the last `failed` of them critical.
wire::Record record(std::uint32_t count, std::uint32_t failed, WallTime wall) {
    wire::ResultBatch batch;
    batch.epoch = 1;
    batch.boot = 7;
    for (std::uint32_t at = 0; at < count; ++at) {
        const bool is_down = at + failed >= count;
        batch.probe.push_back(0);
        batch.time_ms.push_back(static_cast<std::int32_t>(1000 * at));
        batch.state.push_back(is_down ? 2 : 0);
        batch.values.push_back(is_down ? wire::absent_value : 1500 + 7 * at);
        batch.values.push_back(is_down ? 1000 : 0);
    }
    batch.value_runs.push_back({count, 2});
    if (failed > 0) {
        batch.notes.push_back(
            {count - failed, "timeout", "1 of 1 replies within 500ms", "no reply from 192.0.2.7"}
        );
    }
    return wire::make_record(
        wire::RecordKind::results,
        wire::DropClass::state,
        count,
        wall,
        mono_from_ns(to_ns(wall) - to_ns(beginning) + 1'000'000'000'000),
        wire::encode_results(batch)
    );
}

wire::Record observed_record(WallTime wall) {
    wire::Observations seen;
    seen.run = "7d6f3c52-0b1e-4a7f-9b5e-0f6f6f3a1c11";
    seen.full = true;
    seen.items.push_back(
        {.object = "host",
         .ci_class = "server",
         .keys =
             {{"agent", "machine_key", Uuid::named("golden agent").text()},
              {"vendor", "serial", "Dell Inc. 7Q0R8M2"}},
         .attributes = {{"memory_bytes", "8589934592"}, {"name", "probe"}},
         .observed = wall}
    );
    seen.items.push_back(
        {.object = "interface/eth0",
         .ci_class = "interface",
         .keys = {},
         .attributes = {{"mac", "00:16:3e:12:34:56"}, {"name", "eth0"}},
         .observed = wall}
    );
    seen.relations.push_back({.from = 0, .to = 1, .type = "contains"});
    seen.lacking = {"asset number: permission denied"};
    return wire::make_record(
        wire::RecordKind::observations,
        wire::DropClass::state,
        static_cast<std::uint32_t>(seen.items.size()),
        wall,
        mono_from_ns(to_ns(wall) - to_ns(beginning) + 1'000'000'000'000),
        wire::encode_observations(seen)
    );
}

/// Three records: results stored plain, results compressed, observations.
std::string batch_body(WallTime now) {
    proto::BatchEntry body;
    const wire::Record records[] = {
        record(2, 0, now - 70s), record(64, 3, now - 64s), observed_record(now - 1s)
    };
    for (const wire::Record& each : records) {
        auto& item = *body.add_items();
        item.set_agent_id(agent_id());
        item.set_spool_id(spool_id());
        item.set_seq(static_cast<std::uint64_t>(body.items_size()));
        item.set_kind(static_cast<std::uint32_t>(each.kind));
        item.set_count(each.count);
        item.set_wall_ns(to_ns(each.wall));
        item.set_mono_ns(to_ns(each.mono));
        item.set_raw_size(each.raw_size);
        item.set_payload(each.payload);
    }
    return body.SerializeAsString();
}

std::string connected_body() {
    proto::AgentConnected body;
    body.set_agent_id(agent_id());
    body.set_address("192.0.2.10");
    body.set_version("0.1.0");
    body.set_assignment_epoch(1);
    auto& stream = *body.add_backlog();
    stream.set_spool_id(spool_id());
    stream.set_next_seq(3);
    stream.set_committed_seq(0);
    body.set_boot_id(std::string("\7\0\0\0\0\0\0\0boot-id.", 16));
    body.set_instance_nonce("0123456789abcdef");
    return body.SerializeAsString();
}

std::string config_body() {
    proto::ConfigLoaded body;
    auto& file = *body.add_files();
    file.set_name("collector.yaml");
    file.set_text(std::string(watch));
    body.set_hash(sha256(watch));
    body.set_silent_after_ns(Duration(30s).count());
    body.set_silent_incident_after_ns(Duration(5min).count());
    return body.SerializeAsString();
}

std::string enrolled_body() {
    proto::AgentEnrolled body;
    body.set_agent_id(agent_id());
    body.set_name("berlin-1");
    body.set_site("berlin");
    (*body.mutable_labels())["rack"] = "b7";
    body.set_hostname("probe.berlin.example");
    return body.SerializeAsString();
}

std::string command_body() {
    proto::CommandEntry body;
    body.set_name("incident.acknowledge");
    body.set_actor("admin");
    body.set_request_id("01J0000000000000000000000");
    body.set_idempotency_key("once");
    body.set_if_match("*");
    body.set_body(R"({"number":1})");
    return body.SerializeAsString();
}

std::string delivery_body() {
    proto::DeliveryResult body;
    body.set_outbox_id("INC-1/opened/ops");
    body.set_delivered(true);
    body.set_attempt(2);
    body.set_status(204);
    body.set_detail("No Content");
    return body.SerializeAsString();
}

std::string disconnected_body() {
    proto::AgentDisconnected body;
    body.set_agent_id(agent_id());
    body.set_reason("the network was cut");
    body.set_orderly(true);
    return body.SerializeAsString();
}

/// All but assignment.issued, which the brain asks for.
std::string sample_body(EntryKind kind, WallTime now) {
    switch (kind) {
        case EntryKind::batch:
            return batch_body(now);
        case EntryKind::agent_enrolled:
            return enrolled_body();
        case EntryKind::agent_connected:
            return connected_body();
        case EntryKind::agent_disconnected:
            return disconnected_body();
        case EntryKind::agent_alive: {
            proto::AgentAlive body;
            body.add_agent_ids(agent_id());
            return body.SerializeAsString();
        }
        case EntryKind::agent_revoked: {
            proto::AgentDisconnected body;
            body.set_agent_id(agent_id());
            return body.SerializeAsString();
        }
        case EntryKind::agent_copied: {
            proto::AgentCopied body;
            body.set_agent_id(agent_id());
            body.set_address("192.0.2.9:40001");
            body.set_hostname("web4-clone");
            body.set_other_address("192.0.2.4:40000");
            return body.SerializeAsString();
        }
        case EntryKind::collector_started: {
            proto::CollectorStarted body;
            body.set_installation("5a0e9c1b-7f43-4e28-9d0a-6b1c2d3e4f50");
            body.set_version("0.1.0");
            body.set_last_elapsed_ns(1'000'000'000);
            return body.SerializeAsString();
        }
        case EntryKind::collector_stopping: {
            proto::CollectorStopping body;
            body.set_reason("SIGTERM");
            return body.SerializeAsString();
        }
        case EntryKind::collector_restored: {
            proto::CollectorRestored body;
            body.set_from_lsn(14);
            body.set_backup("20261201T033049.123Z");
            body.set_incidents(130);
            body.set_epoch(2);
            return body.SerializeAsString();
        }
        case EntryKind::collector_storage: {
            proto::CollectorStorage body;
            body.set_free_bytes(900U << 20U);
            body.set_reserve_bytes(64U << 20U);
            body.set_path("/var/lib/muster");
            return body.SerializeAsString();
        }
        case EntryKind::clock_stepped: {
            proto::ClockStepped body;
            body.set_by_ns(-3'000'000'000);
            return body.SerializeAsString();
        }
        case EntryKind::config_loaded:
            return config_body();
        case EntryKind::command:
            return command_body();
        case EntryKind::delivery_result:
            return delivery_body();
        case EntryKind::assignment_issued:
        case EntryKind::tick:
            return "";
    }
    return "";
}

}  // namespace

std::vector<EntryKind> all_kinds() {
    std::vector<EntryKind> kinds;
    for (std::uint8_t number = 0; to_string(EntryKind{number}) != "unknown"; ++number) {
        kinds.push_back(EntryKind{number});
    }
    return kinds;
}

std::vector<Entry> sample_journal() {
    constexpr EntryKind order[] = {
        EntryKind::collector_started,
        EntryKind::config_loaded,
        EntryKind::agent_enrolled,
        EntryKind::assignment_issued,
        EntryKind::agent_connected,
        EntryKind::batch,
        EntryKind::agent_alive,
        EntryKind::clock_stepped,
        EntryKind::tick,
        EntryKind::command,
        EntryKind::delivery_result,
        EntryKind::agent_disconnected,
        EntryKind::agent_revoked,
        EntryKind::agent_copied,
        EntryKind::collector_stopping,
        EntryKind::collector_restored,
        EntryKind::collector_storage
    };
    auto brain = Brain::open(brain_test::options_at());
    expect(brain.has_value(), "a brain in memory opens");
    std::string asked;
    std::vector<Entry> journal;
    for (const EntryKind kind : order) {
        Entry entry;
        entry.lsn = journal.size() + 1;
        entry.kind = kind;
        entry.elapsed = Elapsed{} + static_cast<std::int64_t>(entry.lsn) * apart;
        entry.wall = beginning + static_cast<std::int64_t>(entry.lsn) * apart;
        entry.body = kind == EntryKind::assignment_issued ? asked : sample_body(kind, entry.wall);
        expect(brain->fold(entry).has_value(), "a brain in memory folds");
        auto effects = brain->commit();
        expect(effects.has_value(), "a brain in memory commits");
        for (Effects::Append& wanted : effects->append) {
            asked = std::move(wanted.body);
        }
        journal.push_back(std::move(entry));
    }
    return journal;
}

}  // namespace muster::collector::golden
