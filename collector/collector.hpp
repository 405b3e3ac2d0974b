// Owns: the composition of muster-collector: which part runs on which thread, who is told what, start and stop.
// Leaves to the parts: everything they decide.
#pragma once

#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/notify_socket.hpp"
#include "base/random.hpp"
#include "base/task.hpp"
#include "config/programs.hpp"

#include <memory>
#include <string>

namespace muster::collector {

struct CollectorOptions {
    config::LoadedCollector loaded;
    std::string config_path;  ///< read again on reload; empty: there is none
    std::string version;
    std::string data_dir;  ///< goes before that of a configuration read later; empty: it does not
    NotifySocket manager;  ///< hears when the collector is ready, reloads, lives and stops
};

/// What the process stands on; outlives the collector. All safe from any thread.
struct CollectorWorld {
    const Clock* clock = nullptr;
    Random* random = nullptr;
    Files* files = nullptr;
};

/// Threads: the loop (listeners, intake, API, notifications), journal, brain, history, state readers, access.
class Collector {
  public:
    struct Impl;
    /// Opens the data directory, the listeners and the stores. Nothing runs before `start`. Errors name the remedy.
    static Result<Collector> open(
        asio::io_context& loop, CollectorOptions options, CollectorWorld world
    );
    Collector(Collector&&) noexcept;
    ~Collector();

    /// Is ready when what was in the journal is folded: then takes agents in, logs "collector.ready" and writes
    /// collector.json into the data directory. People are answered at once. SIGTERM and SIGINT stop it, SIGHUP reloads what to watch.
    void start();
    /// Begins the orderly end: the loop runs out of work within ten seconds.
    void stop(const std::string& reason);
    /// 0, or 1 when it had to stop because a store failed.
    int exit_code() const;

  private:
    explicit Collector(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace muster::collector
