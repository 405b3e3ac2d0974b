// Owns: what the collector is made of. Included by collector.cpp (running), collector_open.cpp (opening) and collector_figures.cpp (telling) alone.
#pragma once

#include "collector/api/api.hpp"
#include "collector/api/http_server.hpp"
#include "collector/backup/backup_thread.hpp"
#include "collector/backup/lasting.hpp"
#include "collector/brain_thread.hpp"
#include "collector/collector.hpp"
#include "collector/command_gate.hpp"
#include "collector/configuration/keeper.hpp"
#include "collector/data_directory.hpp"
#include "collector/disk_room.hpp"
#include "collector/enrolment/access_adapter.hpp"
#include "collector/fold_lag.hpp"
#include "collector/heartbeat_loop.hpp"
#include "collector/history/history_thread.hpp"
#include "collector/intake/link_adapter.hpp"
#include "collector/journal/appender.hpp"
#include "collector/journal/journal_thread.hpp"
#include "collector/notify/notifier.hpp"
#include "collector/supervision.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::collector {

struct Collector::Impl {
    Impl(asio::io_context& own, CollectorOptions given, CollectorWorld around, DataDirectory folder)
        : loop(&own),
          options(std::move(given)),
          world(around),
          data(std::move(folder)),
          configuration(
              {.files = world.files,
               .path = options.config_path,
               .data_dir = data.path(),
               .data_dir_said = options.data_dir},
              std::move(options.loaded)
          ),
          process(configuration.running().process),
          started_at(world.clock->wall()),
          room(data.path()),
          signals(own),
          guard(own),
          tasks(own) {}

    asio::io_context* loop;
    CollectorOptions options;
    CollectorWorld world;
    DataDirectory data;
    ConfigurationKeeper configuration;
    const config::CollectorConfig process;  // as it was started: only a restart takes another
    const WallTime started_at;
    // Destroyed from the last to the first: each part before those it uses.
    std::optional<CertificateAuthority> authority;
    std::optional<Lasting> lasting;
    std::optional<FoldFeed> brain_feed;
    std::optional<FoldFeed> history_feed;
    std::optional<JournalThread> journal;
    std::optional<Appender> appender;
    std::optional<BrainThread> brain;
    std::optional<HistoryThread> history;
    std::optional<StateReader> state;
    std::optional<AccessAdapter> access;
    std::optional<BackupThread> backups;
    std::optional<CommandGate> gate;
    std::optional<LinkAdapter> link;
    std::optional<Notifier> notifier;
    std::optional<HeartbeatLoop> heartbeat;
    ApiContext api_context;
    std::optional<Api> api;
    std::optional<HttpServer> http;
    std::string installation;
    std::vector<IssuedAssignments> in_force;  // until start
    std::string config_hash;                  // of the last config.loaded
    FoldLag lag;
    std::uint64_t credit = wire::LinkServerOptions{}.credit_bytes;  // of each agent, now
    DiskRoom room;
    std::optional<bool> is_storage_full;  // by the journal's last word on it; nothing: not known
    std::optional<Supervision> supervision;
    std::string certificate_problem;    // said last
    std::string nobody_told;            // why; empty: somebody would be
    ReceiptCounts receipts;             // since the start
    std::uint64_t incidents_noted = 0;  // numbers up to there are never given again after a restore
    bool is_ready = false;
    bool is_stopping = false;
    int exit_code = 0;
    asio::signal_set signals;
    asio::steady_timer guard;
    TaskGroup tasks;

    Status open_authority();
    Status open_people();
    Status open_stores(wire::LinkListener listener);
    Status open_folds(JournalWriter writer);
    Status open_access();
    Status open_backups();
    void open_api();
    void release(Effects effects);
    void note_incidents(std::uint64_t last);
    void watch();
    Task<void> reload();
    void warn_of_secrets() const;
    void refresh_certificate();
    Result<ApplyOutcome> apply(const ApplyRequest& request);
    void caught_up();
    void fail(const Error& why);
    std::vector<HealthCheck> health() const;
    bool is_well() const;
    CollectorFigures figures() const;
    void note_telling(std::string why);
    Task<std::optional<ChannelTest>> test_channel(std::string name);
    std::string status() const;
    void begin_stop(const std::string& reason);
    Task<void> shut_down(std::string reason);
    Task<void> watch_signals();
    Task<void> watch_lag();
    Task<void> watch_room();
    void use_room(Room now);
    Task<void> watch_certificate();
};

}  // namespace muster::collector
