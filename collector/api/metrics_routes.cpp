#include "collector/api/event_hub.hpp"
#include "collector/api/exposition.hpp"
#include "collector/api/handlers.hpp"
#include "collector/api/metrics_store.hpp"
#include "collector/api/problem.hpp"
#include "collector/api/request_figures.hpp"
#include "collector/figures/collector_figures.hpp"

#include <array>
#include <chrono>
#include <set>

namespace muster::collector {

namespace {

constexpr std::array<std::string_view, 4> channel_states = {
    "untested", "working", "failing", "dead"
};

double seconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::duration<double>>(duration).count();
}

double seconds(WallTime time) {
    return seconds(time.time_since_epoch());
}

std::uint64_t truth(bool holds) {
    return holds ? 1 : 0;
}

void add_fold(Exposition& out, const std::string& name, const FoldFigures& fold) {
    out.add("muster_fold_position_entries", std::uint64_t{fold.folded}, {name});
    out.add("muster_fold_lag_entries", std::uint64_t{fold.behind}, {name});
    out.add("muster_fold_lag_seconds", seconds(fold.late), {name});
    out.add("muster_fold_waiting_bytes", std::uint64_t{fold.waiting_bytes}, {name});
}

void add_river(Exposition& out, const CollectorFigures& now) {
    out.add("muster_build_info", std::uint64_t{1}, {now.version});
    out.add("muster_start_time_seconds", seconds(now.started));
    out.add("muster_ready", truth(now.is_ready));
    out.add("muster_telling_possible", truth(now.is_somebody_told));
    for (const auto& [reason, count] : now.receipts) {
        out.add("muster_receipts_total", count, {reason});
    }
    out.add("muster_journal_entries_total", std::uint64_t{now.journal.last});
    out.add("muster_journal_bytes", now.journal.bytes);
    out.add("muster_journal_append_duration_seconds", now.journal.appends);
    out.add("muster_journal_append_failures_total", now.journal.failed);
    add_fold(out, "brain", now.brain);
    add_fold(out, "history", now.history_fold);
    out.add("muster_results_folded_total", now.history.results);
    out.add("muster_results_unknown_total", now.history.strangers);
    out.add("muster_history_tail_results", now.history.tail_results);
    out.add("muster_history_block_bytes", now.history.block_bytes);
    out.add("muster_history_damaged_blocks_total", now.history.damaged_blocks);
}

/// An agent that is not in the record yet goes by its id.
void add_agents(Exposition& out, const CollectorFigures& now, const RecordFigures& records) {
    out.add("muster_link_sessions", std::uint64_t{now.sessions});
    out.add("muster_link_credit_bytes", now.credit_bytes);
    out.add("muster_link_quarantined_records_total", now.quarantined);
    out.add("muster_link_violations_total", now.link_violations);
    out.add("muster_results_possible_duplicates_total", now.possible_duplicates);
    out.add("muster_results_from_future_total", now.from_future);
    std::set<std::string> named;  // a series that is there twice makes the whole answer worthless
    for (const AgentFigures& agent : now.agents) {
        const auto known = records.agent_names.find(std::string(agent.agent.raw()));
        const bool is_named =
            known != records.agent_names.end() && named.insert(known->second).second;
        const Exposition::Labels name{is_named ? known->second : agent.agent.text()};
        out.add("muster_agent_spool_waiting_results", agent.waiting_results, name);
        out.add("muster_agent_spool_oldest_seconds", seconds(agent.oldest), name);
        out.add("muster_agent_spool_lost_results_total", agent.lost_results, name);
        out.add("muster_agent_spool_in_memory", std::uint64_t{agent.is_spool_in_memory}, name);
        out.add("muster_agent_skipped_runs_total", agent.skipped_runs, name);
        out.add("muster_agent_clock_ahead_seconds", seconds(agent.clock_ahead), name);
        out.add("muster_agent_resident_memory_bytes", agent.resident_bytes, name);
        out.add("muster_agent_open_fds", agent.open_files, name);
        out.add("muster_agent_quarantined_records_total", agent.quarantined_records, name);
        out.add("muster_agent_held_back_seconds_total", seconds(agent.held_back), name);
    }
}

void add_records(Exposition& out, const RecordFigures& records) {
    for (const auto& [name, counts] :
         {std::pair("muster_agents", &records.agents),
          std::pair("muster_cis", &records.cis),
          std::pair("muster_probes", &records.probes),
          std::pair("muster_windows", &records.windows)}) {
        for (const auto& [state, count] : *counts) {
            out.add(name, count, {state});
        }
    }
    out.add("muster_ci_duplicates", records.duplicates);
    out.add("muster_window_cis", records.window_cis);
    for (const auto& [key, count] : records.incidents) {
        out.add("muster_incidents_open", count, {std::to_string(key.first), key.second});
    }
    for (const auto& [key, count] : records.messages) {
        out.add("muster_outbox_messages", count, {key.first, key.second});
    }
    for (const ChannelFigures& channel : records.channels) {
        for (const std::string_view state : channel_states) {
            out.add(
                "muster_channel_state",
                truth(channel.state == state),
                {channel.name, std::string(state)}
            );
        }
        out.add("muster_channel_merged_messages", channel.merged, {channel.name});
        out.add("muster_channel_failures", channel.failures, {channel.name});
    }
}

void add_outside(Exposition& out, const CollectorFigures& now) {
    out.add("muster_heartbeat_calls_total", now.heartbeat.sent, {"sent"});
    out.add("muster_heartbeat_calls_total", now.heartbeat.failed, {"failed"});
    out.add("muster_heartbeat_calls_total", now.heartbeat.skipped, {"skipped"});
    if (now.heartbeat.last_sent != WallTime{}) {
        out.add(
            "muster_heartbeat_last_success_timestamp_seconds", seconds(now.heartbeat.last_sent)
        );
    }
    if (now.backup.last_success != WallTime{}) {
        out.add("muster_backup_last_success_timestamp_seconds", seconds(now.backup.last_success));
        out.add("muster_backup_last_bytes", now.backup.last_bytes);
    }
    out.add("muster_storage_free_bytes", now.storage.free_bytes);
    out.add("muster_storage_full", std::uint64_t{now.storage.is_full ? 1U : 0U});
    out.add("muster_backups_kept", std::uint64_t{now.backup.kept});
    out.add("muster_backups_total", now.backup.made, {"made"});
    out.add("muster_backups_total", now.backup.failed, {"failed"});
    out.add("muster_http_connections", std::uint64_t{now.connections});
    out.add("process_resident_memory_bytes", now.process.resident_bytes);
    out.add("process_cpu_seconds_total", now.process.cpu_seconds);
    out.add("process_open_fds", now.process.open_files);
    out.add("process_max_fds", now.process.most_files);
    out.add("process_threads", now.process.threads);
}

void add_requests(Exposition& out, const RequestFigures& requests) {
    for (const auto& [key, count] : requests.requests()) {
        out.add(
            "muster_http_requests_total", count, {key.route, key.method, std::to_string(key.status)}
        );
    }
    for (const auto& [route, durations] : requests.durations()) {
        out.add("muster_http_request_duration_seconds", durations, {route});
    }
}

}  // namespace

Task<HttpResponse> metrics(Call call) {
    std::function<Result<RecordFigures>(StateConnection&)> work = count_records;
    Task<Result<RecordFigures>> counting =
        call.context->state->query<RecordFigures>(std::move(work));
    const Result<RecordFigures> records = co_await std::move(counting);
    if (!records) {
        co_return problem_of(records.error());
    }
    const CollectorFigures now = call.context->figures();
    Exposition out;
    add_river(out, now);
    add_agents(out, now, *records);
    add_records(out, *records);
    add_outside(out, now);
    add_requests(out, *call.requests);
    out.add("muster_event_followers", std::uint64_t{call.events->followers()});
    HttpResponse response;
    response.content_type = exposition_content_type;
    response.body = out.text();
    co_return response;
}

}  // namespace muster::collector
