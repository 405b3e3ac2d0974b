// The text of golden entries: every field of every body, and back.
#include "base/bytes.hpp"
#include "brain_world.hpp"
#include "collector/journal/pending.hpp"
#include "golden_entries.hpp"

#include <boost/json.hpp>

#include <sstream>

namespace muster::collector::golden {

namespace {

constexpr std::size_t hex_a_line = 96;

/// Lines "name = value".
class Lines {
  public:
    void text(const std::string& name, const std::string& value) {
        out_ << name << " = " << boost::json::serialize(boost::json::string(value)) << "\n";
    }

    void bytes(const std::string& name, std::string_view value) {
        out_ << name << " = " << to_hex(value) << "\n";
    }

    template <class Number>
    void number(const std::string& name, Number value) {
        out_ << name << " = " << +value << "\n";
    }

    std::string all() const { return out_.str(); }

  private:
    std::ostringstream out_;
};

template <class Body>
Body parsed(const std::string& bytes) {
    Body body;
    if (!body.ParseFromString(bytes)) {
        body.Clear();
    }
    return body;
}

void describe_results(Lines& lines, const wire::ResultBatch& results) {
    lines.number("epoch", results.epoch);
    lines.number("boot", results.boot);
    std::size_t run = 0;
    std::size_t in_run = 0;
    std::size_t value = 0;
    for (std::size_t at = 0; at < results.size(); ++at) {
        std::string text = "probe " + std::to_string(results.probe[at]) + " at " +
                           std::to_string(results.time_ms[at]) + " ms " +
                           std::string(to_string(wire::ResultState{results.state[at]}));
        for (std::uint32_t i = 0; i < results.value_runs[run].values; ++i) {
            const std::int64_t number = results.values[value++];
            text += number == wire::absent_value ? " -" : " " + std::to_string(number);
        }
        if (++in_run == results.value_runs[run].results) {
            ++run;
            in_run = 0;
        }
        lines.text("result", text);
    }
    for (const wire::ResultNote& note : results.notes) {
        lines.text(
            "note of result " + std::to_string(note.index),
            note.reason + "; expected " + note.expected + "; seen " + note.seen
        );
    }
}

void describe_observations(Lines& lines, const wire::Observations& seen) {
    lines.text("run", seen.run);
    lines.number("full", seen.full);
    for (const wire::ObservedItem& item : seen.items) {
        lines.text("item", item.object + " is a " + item.ci_class);
        lines.number("observed_ns", to_ns(item.observed));
        for (const wire::ObservedKey& key : item.keys) {
            lines.text("key " + key.space + "/" + key.kind, key.value);
        }
        for (const auto& [name, value] : item.attributes) {
            lines.text("attribute " + name, value);
        }
    }
    for (const wire::ObservedRelation& relation : seen.relations) {
        lines.text(
            "relation",
            std::to_string(relation.from) + " " + relation.type + " " + std::to_string(relation.to)
        );
    }
    for (const std::string& fact : seen.lacking) {
        lines.text("lacking", fact);
    }
}

void describe_batch(Lines& lines, const std::string& bytes) {
    const auto batches = decode_batch_body(bytes);
    if (!batches) {
        lines.text("unreadable", batches.error().text());
        return;
    }
    for (const DecodedBatch& batch : *batches) {
        lines.text("agent", batch.agent.text());
        lines.text("spool", batch.spool.text());
        lines.number("seq", batch.seq);
        lines.number("wall_ns", to_ns(batch.wall));
        lines.number("mono_ns", to_ns(batch.mono));
        if (batch.observations) {
            describe_observations(lines, *batch.observations);
        } else {
            describe_results(lines, batch.results);
        }
    }
}

void describe(Lines& lines, const proto::AgentEnrolled& body) {
    lines.bytes("agent_id", body.agent_id());
    lines.text("name", body.name());
    lines.text("site", body.site());
    for (const auto& [name, value] : body.labels()) {
        lines.text("label " + name, value);
    }
    lines.text("hostname", body.hostname());
}

void describe(Lines& lines, const proto::AgentConnected& body) {
    lines.bytes("agent_id", body.agent_id());
    lines.text("address", body.address());
    lines.text("version", body.version());
    lines.number("assignment_epoch", body.assignment_epoch());
    for (const auto& stream : body.backlog()) {
        lines.bytes("backlog spool_id", stream.spool_id());
        lines.number("backlog next_seq", stream.next_seq());
        lines.number("backlog committed_seq", stream.committed_seq());
    }
    lines.bytes("boot_id", body.boot_id());
    lines.bytes("instance_nonce", body.instance_nonce());
}

void describe(Lines& lines, const proto::AgentDisconnected& body) {
    lines.bytes("agent_id", body.agent_id());
    lines.text("reason", body.reason());
    lines.number("orderly", body.orderly());
}

void describe(Lines& lines, const proto::AgentAlive& body) {
    for (const std::string& id : body.agent_ids()) {
        lines.bytes("agent_id", id);
    }
}

void describe(Lines& lines, const proto::AgentCopied& body) {
    lines.bytes("agent_id", body.agent_id());
    lines.text("address", body.address());
    lines.text("hostname", body.hostname());
    lines.text("other_address", body.other_address());
}

void describe(Lines& lines, const proto::CollectorStarted& body) {
    lines.text("version", body.version());
    lines.number("last_elapsed_ns", body.last_elapsed_ns());
    lines.text("installation", body.installation());
}

void describe(Lines& lines, const proto::CollectorRestored& body) {
    lines.number("from_lsn", body.from_lsn());
    lines.text("backup", body.backup());
    lines.number("incidents", body.incidents());
    lines.number("epoch", body.epoch());
}

void describe(Lines& lines, const proto::CollectorStorage& body) {
    lines.number("is_full", body.is_full() ? 1 : 0);
    lines.number("free_bytes", body.free_bytes());
    lines.number("reserve_bytes", body.reserve_bytes());
    lines.text("path", body.path());
}

void describe(Lines& lines, const proto::ConfigLoaded& body) {
    for (const auto& file : body.files()) {
        lines.text("file " + file.name(), file.text());
    }
    lines.bytes("hash", body.hash());
    lines.number("silent_after_ns", body.silent_after_ns());
    lines.number("silent_incident_after_ns", body.silent_incident_after_ns());
}

void describe(Lines& lines, const proto::AssignmentIssued& body) {
    lines.bytes("agent_id", body.agent_id());
    lines.number("epoch", body.epoch());
    for (const std::string& id : body.probe_ids()) {
        lines.bytes("probe_id", id);
    }
}

void describe(Lines& lines, const proto::CommandEntry& body) {
    lines.text("name", body.name());
    lines.text("actor", body.actor());
    lines.text("request_id", body.request_id());
    lines.text("idempotency_key", body.idempotency_key());
    lines.text("if_match", body.if_match());
    lines.text("body", body.body());
}

void describe(Lines& lines, const proto::DeliveryResult& body) {
    lines.text("outbox_id", body.outbox_id());
    lines.number("delivered", body.delivered());
    lines.number("attempt", body.attempt());
    lines.number("status", body.status());
    lines.text("detail", body.detail());
}

std::string wrapped(const std::string& hex) {
    std::string out;
    for (std::size_t at = 0; at < hex.size(); at += hex_a_line) {
        out += hex.substr(at, hex_a_line) + "\n";
    }
    return out;
}

}  // namespace

std::string fields_of(EntryKind kind, const std::string& body) {
    Lines lines;
    switch (kind) {
        case EntryKind::batch:
            describe_batch(lines, body);
            break;
        case EntryKind::agent_enrolled:
            describe(lines, parsed<proto::AgentEnrolled>(body));
            break;
        case EntryKind::agent_connected:
            describe(lines, parsed<proto::AgentConnected>(body));
            break;
        case EntryKind::agent_disconnected:
            describe(lines, parsed<proto::AgentDisconnected>(body));
            break;
        case EntryKind::agent_alive:
            describe(lines, parsed<proto::AgentAlive>(body));
            break;
        case EntryKind::agent_revoked:  // agent_id is field 1 in every body about one agent
            lines.bytes("agent_id", parsed<proto::AgentDisconnected>(body).agent_id());
            break;
        case EntryKind::agent_copied:
            describe(lines, parsed<proto::AgentCopied>(body));
            break;
        case EntryKind::collector_started:
            describe(lines, parsed<proto::CollectorStarted>(body));
            break;
        case EntryKind::collector_stopping:
            lines.text("reason", parsed<proto::CollectorStopping>(body).reason());
            break;
        case EntryKind::collector_restored:
            describe(lines, parsed<proto::CollectorRestored>(body));
            break;
        case EntryKind::collector_storage:
            describe(lines, parsed<proto::CollectorStorage>(body));
            break;
        case EntryKind::clock_stepped:
            lines.number("by_ns", parsed<proto::ClockStepped>(body).by_ns());
            break;
        case EntryKind::config_loaded:
            describe(lines, parsed<proto::ConfigLoaded>(body));
            break;
        case EntryKind::assignment_issued:
            describe(lines, parsed<proto::AssignmentIssued>(body));
            break;
        case EntryKind::command:
            describe(lines, parsed<proto::CommandEntry>(body));
            break;
        case EntryKind::delivery_result:
            describe(lines, parsed<proto::DeliveryResult>(body));
            break;
        case EntryKind::tick:
            break;
    }
    return lines.all();
}

std::string golden_text(const Entry& entry) {
    return "# " + std::string(to_string(entry.kind)) + " version " + std::to_string(entry.version) +
           "\nnumber " + std::to_string(static_cast<int>(entry.kind)) + "\nbody\n" +
           wrapped(to_hex(entry.body)) + "fields\n" + fields_of(entry.kind, entry.body);
}

Result<GoldenEntry> parse_golden(const std::string& name, const std::string& text) {
    std::istringstream lines(text);
    GoldenEntry golden;
    std::string word;
    int version = 0;
    if (!(lines >> word >> golden.kind >> word >> version >> word >> golden.number >> word) ||
        word != "body" || name != golden.kind + ".v" + std::to_string(version)) {
        return failure(ErrorKind::corrupt, "not a golden entry of this name", name);
    }
    golden.version = static_cast<std::uint16_t>(version);
    std::string hex;
    while (lines >> word && word != "fields") {
        hex += word;
    }
    auto body = from_hex(hex);
    if (!body) {
        return failure(body.error(), name);
    }
    golden.body = std::move(*body);
    std::getline(lines, word);
    for (std::string line; std::getline(lines, line);) {
        golden.fields += line + "\n";
    }
    return golden;
}

}  // namespace muster::collector::golden
