// Owns: which metrics there are. Names are promises: add freely, rename never.
#include "collector/api/exposition.hpp"

#include <array>

namespace muster::collector {

namespace {

using enum MetricType;

constexpr std::array table{
    MetricSpec{"muster_build_info", gauge, "version", "Always 1; the version of the collector."},
    MetricSpec{"muster_start_time_seconds", gauge, "", "When the collector started, since 1970."},
    MetricSpec{"muster_ready", gauge, "", "1 once what was in the journal at the start is folded."},
    MetricSpec{
        "muster_telling_possible",
        gauge,
        "",
        "0 while nobody would be told of an incident of priority 1."
    },

    MetricSpec{"muster_journal_entries_total", counter, "", "Entries in the journal, ever."},
    MetricSpec{"muster_journal_bytes", gauge, "", "Size of the journal on disk."},
    MetricSpec{
        "muster_journal_append_duration_seconds",
        histogram,
        "",
        "Durable transactions of the journal, each with the entries that waited."
    },
    MetricSpec{
        "muster_journal_append_failures_total",
        counter,
        "",
        "Transactions of the journal that could not be stored."
    },
    MetricSpec{
        "muster_fold_position_entries",
        gauge,
        "fold",
        "The last entry of the journal that the fold has taken."
    },
    MetricSpec{
        "muster_fold_lag_entries",
        gauge,
        "fold",
        "Entries in the journal not yet taken by the fold."
    },
    MetricSpec{
        "muster_fold_lag_seconds",
        gauge,
        "fold",
        "Journal time between the last entry the fold has taken and the newest."
    },
    MetricSpec{
        "muster_fold_waiting_bytes", gauge, "fold", "Memory of entries that wait for the fold."
    },

    MetricSpec{"muster_results_folded_total", counter, "", "Results taken into history."},
    MetricSpec{
        "muster_results_unknown_total",
        counter,
        "",
        "Results left out: of an assignment or probe that is not known any more."
    },
    MetricSpec{"muster_history_tail_results", gauge, "", "Results not yet in a block."},
    MetricSpec{"muster_history_block_bytes", gauge, "", "Size of the blocks of results on disk."},
    MetricSpec{"muster_history_damaged_blocks_total", counter, "", "Blocks found unreadable."},

    MetricSpec{"muster_agents", gauge, "state", "Agents by state."},
    MetricSpec{"muster_link_sessions", gauge, "", "Agents that are connected."},
    MetricSpec{
        "muster_link_credit_bytes",
        gauge,
        "",
        "What an agent may have under way, not confirmed: less when the brain is behind, 0 also "
        "while the "
        "disk is full."
    },
    MetricSpec{
        "muster_link_quarantined_records_total",
        counter,
        "",
        "Records of agents that could not be read or were not theirs to send, set aside."
    },
    MetricSpec{
        "muster_link_violations_total",
        counter,
        "",
        "Links ended because what came over them was no frame, or one that has no place there."
    },
    MetricSpec{
        "muster_results_possible_duplicates_total",
        counter,
        "",
        "Results that may be stored twice: their agent was set back to an earlier state and said "
        "so."
    },
    MetricSpec{
        "muster_results_from_future_total",
        counter,
        "",
        "Results whose time was more than ten minutes ahead, stored as of when they came."
    },
    MetricSpec{
        "muster_agent_spool_waiting_results",
        gauge,
        "agent",
        "Results spooled since the agent's start and not confirmed, as it last said."
    },
    MetricSpec{
        "muster_agent_spool_oldest_seconds",
        gauge,
        "agent",
        "How long the oldest record waits in the agent's spool, as it last said."
    },
    MetricSpec{
        "muster_agent_spool_lost_results_total",
        counter,
        "agent",
        "Results that the agent could not keep and told in gap records, as it last said."
    },
    MetricSpec{
        "muster_agent_spool_in_memory",
        gauge,
        "agent",
        "1 while the agent's disk takes nothing and a power cut would lose what is not confirmed."
    },
    MetricSpec{
        "muster_agent_skipped_runs_total",
        counter,
        "agent",
        "Runs of probes left out because the one before still ran."
    },
    MetricSpec{
        "muster_agent_clock_ahead_seconds",
        gauge,
        "agent",
        "How far the agent's calendar is ahead of the collector's; 0 within two seconds."
    },
    MetricSpec{
        "muster_agent_resident_memory_bytes", gauge, "agent", "Resident memory of the agent."
    },
    MetricSpec{"muster_agent_open_fds", gauge, "agent", "Open files of the agent."},
    MetricSpec{
        "muster_agent_quarantined_records_total",
        counter,
        "agent",
        "Records of the agent set aside since the collector's start."
    },
    MetricSpec{
        "muster_agent_held_back_seconds_total",
        counter,
        "agent",
        "How long the collector read nothing from the agent because it brought more than its share."
    },

    MetricSpec{"muster_cis", gauge, "state", "Configuration items that are not retired, by state."},
    MetricSpec{"muster_probes", gauge, "state", "Probes by state."},
    MetricSpec{
        "muster_ci_duplicates",
        gauge,
        "",
        "Pairs of configuration items that are probably the same."
    },
    MetricSpec{"muster_incidents_open", gauge, "priority kind", "Incidents that are not over."},
    MetricSpec{"muster_windows", gauge, "state", "Maintenance windows that are planned or active."},
    MetricSpec{"muster_window_cis", gauge, "", "Configuration items that an active window covers."},
    MetricSpec{
        "muster_receipts_total",
        counter,
        "reason",
        "What did not page, and why: receipts by their reason."
    },
    MetricSpec{
        "muster_outbox_messages",
        gauge,
        "channel state",
        "Messages not delivered: waiting, or given up."
    },
    MetricSpec{
        "muster_channel_state", gauge, "channel state", "1 for the state the channel is in."
    },
    MetricSpec{
        "muster_channel_merged_messages",
        gauge,
        "channel",
        "Messages that go with the channel's next digest."
    },
    MetricSpec{
        "muster_channel_failures",
        gauge,
        "channel",
        "Attempts that failed since the channel last delivered."
    },

    MetricSpec{
        "muster_heartbeat_calls_total",
        counter,
        "result",
        "Calls to the outside watchdog: sent, failed, or skipped because the collector was not "
        "well."
    },
    MetricSpec{
        "muster_heartbeat_last_success_timestamp_seconds",
        gauge,
        "",
        "When the outside watchdog last answered, since 1970."
    },

    MetricSpec{
        "muster_storage_free_bytes",
        gauge,
        "",
        "Free on the file system of data_dir; not counted is what giving up the ballast has freed."
    },
    MetricSpec{
        "muster_storage_full", gauge, "", "1 while no results are taken because the disk is full."
    },

    MetricSpec{
        "muster_backup_last_success_timestamp_seconds",
        gauge,
        "",
        "When the newest backup that is kept was begun, since 1970."
    },
    MetricSpec{"muster_backup_last_bytes", gauge, "", "Size of that backup, links included."},
    MetricSpec{"muster_backups_kept", gauge, "", "Backups that are there."},
    MetricSpec{"muster_backups_total", counter, "result", "Backups since the start: made, failed."},

    MetricSpec{
        "muster_http_requests_total",
        counter,
        "route method status",
        "Requests answered, by the pattern of the route."
    },
    MetricSpec{
        "muster_http_request_duration_seconds",
        histogram,
        "route",
        "Time to an answer, without sending it."
    },
    MetricSpec{"muster_http_connections", gauge, "", "Open connections of people and programs."},
    MetricSpec{"muster_event_followers", gauge, "", "Clients that follow the stream of events."},

    MetricSpec{"process_resident_memory_bytes", gauge, "", "Resident memory."},
    MetricSpec{"process_cpu_seconds_total", counter, "", "User and system time."},
    MetricSpec{"process_open_fds", gauge, "", "Open files."},
    MetricSpec{"process_max_fds", gauge, "", "Open files allowed."},
    MetricSpec{"process_threads", gauge, "", "Threads."},
};

}  // namespace

std::span<const MetricSpec> metric_table() {
    return table;
}

}  // namespace muster::collector
