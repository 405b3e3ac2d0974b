#include "agent/service.hpp"

#include "agent/agent.hpp"
#include "agent/credentials.hpp"
#include "agent/data_folder.hpp"
#include "agent/enrolment.hpp"
#include "agent/identity.hpp"
#include "agent/process_stats.hpp"
#include "base/capabilities.hpp"
#include "base/log.hpp"
#include "config/agent_doubts.hpp"
#include "probes/resolver.hpp"
#include "probes/runner.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <iostream>
#include <malloc.h>
#include <optional>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace muster::agent {

namespace {

constexpr Duration stop_within = std::chrono::seconds(8);
constexpr Duration recover_within = std::chrono::seconds(30);
constexpr Duration kill_after = std::chrono::seconds(10);
constexpr Duration status_every = std::chrono::seconds(1);
constexpr std::uint16_t link_port = 8444;

int fail(const Error& error, int code) {
    std::cerr << "muster-agent: " << error.text() << "\n";
    return code;
}

std::string beside_ourselves(const std::string& program) {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    const std::string own(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    return own.substr(0, own.rfind('/') + 1) + program;
}

AgentOptions options_for(
    const ServiceOptions& service, const Identity& identity, const Endpoint& collector
) {
    SystemRandom random;
    const config::AgentConfig& config = service.config;
    AgentOptions options;
    options.batcher.flush = config.flush;
    options.batcher.change_pace = std::min(options.batcher.change_pace, config.flush);
    options.assignments_file = config.data_dir + "/assignments";
    options.delivery.spool_dir = config.data_dir + "/spool";
    options.delivery.spool.limits = {
        .max_bytes = config.spool_max_bytes,
        .max_age = config.spool_max_age,
        .keep_free = config.spool_keep_free,
        .retain_acked = config.retain_acked,
        .retain_acked_bytes = config.retain_acked_bytes
    };
    options.delivery.spool.agent = identity.agent;
    options.delivery.spool_thread.upkeep.flush = config.flush;
    options.delivery.uplink.collector = collector;
    options.delivery.uplink.link.backoff_least = config.backoff_least;
    options.delivery.uplink.link.backoff_most = config.backoff_most;
    options.delivery.uplink.link.renew_after = config.renew_after;
    options.delivery.facts.instance_nonce = std::string(Uuid::random(random).raw());
    options.delivery.facts.boot_id = read_boot_id();
    options.delivery.facts.config_hash = config.hash;
    options.delivery.facts.version = service.version;
    options.delivery.facts.hostname = own_hostname();
    options.inventory.every = config.inventory_every;
    options.inventory.host.helper = config.inventory_helper;
    options.inventory.host.observer = {.agent = identity.agent, .version = service.version};
    return options;
}

probes::RunnerOptions runner_options(const config::AgentConfig& config) {
    probes::RunnerOptions options;
    options.workers = config.workers;
    options.worker_program = config.worker_program.empty() ? beside_ourselves("muster-probe-worker")
                                                           : config.worker_program;
    return options;
}

Task<Result<std::vector<std::string>>> addresses_of(
    probes::Resolver* resolver, std::string host, Deadline deadline
) {
    auto found = co_await resolver->resolve(std::move(host), deadline);
    if (!found) {
        co_return failure(found.error());
    }
    co_return std::move(found->addresses);
}

/// The collector's name is asked for when it is called, and calls are seldom: one that has moved is found with the next of them.
constexpr Duration collector_name_kept = std::chrono::seconds(5);

/// Descriptors for many targets at once; the limit is only ever raised to what the system allows.
void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
    }
}

/// One heap for all threads, before any starts: the loop does nearly all the work, and each further heap keeps some 100 KiB for
/// nothing.
void keep_one_heap() {
    static_cast<void>(::mallopt(M_ARENA_MAX, 1));
}

/// Before any thread starts: capabilities belong to threads.
void keep_only_sockets(probes::Runner& runner) {
    if (const Status ready = runner.prepare(); !ready) {
        log(LogLevel::warning, "icmp.not_allowed", {{"why", ready.error().text()}});
    }
    if (const Status dropped = drop_capabilities(); !dropped) {
        log(LogLevel::warning, "capabilities.kept", {{"why", dropped.error().text()}});
    }
}

void log_doubts(const config::AgentConfig& config) {
    for (const std::string& doubt : config::doubts_of(config)) {
        log(LogLevel::warning, "config.doubtful", {{"why", doubt}});
    }
}

/// Everything lives on the loop, in the order of its making.
class Service {
  public:
    explicit Service(ServiceOptions options)
        : options_(std::move(options)),
          resolver_(loop_, {.threads = 2, .keep = collector_name_kept}),
          runner_(loop_, random_, runner_options(options_.config)),
          signals_(loop_),
          tasks_(loop_) {}

    int run();

  private:
    void open(const Endpoint& collector);
    std::string link_text() const;
    std::string status() const;
    void reload();
    void begin_stop(const std::string& signal);
    Task<void> stop_all();
    Task<void> watch_signals();
    Task<void> tell_status();
    Task<void> watch_certificate();

    ServiceOptions options_;
    RealFiles files_;
    SystemClock clock_;
    SystemRandom random_;
    asio::io_context loop_{1};
    Identity identity_;
    std::optional<Credentials> credentials_;
    probes::Resolver resolver_;
    probes::Runner runner_;
    std::unique_ptr<Agent> agent_;
    asio::signal_set signals_;
    bool is_stopping_ = false;
    TaskGroup tasks_;
};

int Service::run() {
    if (auto ready = prepare_data_folder(files_, options_.config.data_dir); !ready) {
        return fail(ready.error(), 1);
    }
    auto identity = load_identity(files_, options_.config.data_dir);
    if (!identity) {
        return fail(identity.error(), 1);
    }
    identity_ = std::move(*identity);
    credentials_.emplace(files_, options_.config.data_dir, identity_, random_);
    const auto collector = parse_endpoint(link_text(), link_port);
    if (!collector) {
        return fail(collector.error(), 2);
    }
    open(*collector);
    log(LogLevel::info,
        "agent.started",
        {{"version", options_.version},
         {"agent", identity_.agent.text()},
         {"name", identity_.name},
         {"collector", link_text()},
         {"data_dir", options_.config.data_dir}});
    log_doubts(options_.config);
    agent_->start();
    tasks_.start("service.signals", watch_signals());
    tasks_.start("service.certificate", watch_certificate());
    tasks_.start("service.alive", keep_alive(options_.manager, [] { return true; }));
    if (options_.manager.has_listener()) {
        tasks_.start("service.status", tell_status());
    }
    // Also while the collector is away: what was assigned is being probed and kept.
    options_.manager.ready(status());
    loop_.run();
    agent_.reset();
    return 0;
}

void Service::open(const Endpoint& collector) {
    raise_file_limit();
    keep_one_heap();
    keep_only_sockets(runner_);
    AgentOptions options = options_for(options_, identity_, collector);
    if (auto key = sealing_key(files_, options_.config.data_dir)) {
        options.sealing_key = std::move(*key);
    } else {
        log(LogLevel::warning, "secrets.not_kept", {{"why", key.error().text()}});
    }
    options.delivery.uplink.credentials = &*credentials_;
    options.delivery.uplink.resolve = [this](std::string host, Deadline deadline) {
        return addresses_of(&resolver_, std::move(host), deadline);
    };
    options.delivery.uplink.recover =
        [this](std::string host, wire::TlsIdentity shown, std::string request_pem) {
            const bool is_v6 = host.find(':') != std::string::npos;
            const std::string url = "https://" + (is_v6 ? "[" + host + "]" : host) + ":" +
                                    std::to_string(identity_.people_port);
            return recover(
                loop_, url, std::move(shown), std::move(request_pem), Deadline::in(recover_within)
            );
        };
    auto run_probe = [this](std::shared_ptr<const ScheduledProbe> probe) {
        return runner_.run(probe->type, probe->host, probe->params, probe->secrets, probe->timeout);
    };
    agent_ = Agent::open(loop_, clock_, files_, random_, std::move(options), std::move(run_probe));
    // Whoever reads that the agent is ready may stop it at once.
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        signals_.add(number);
    }
}

/// agent.yaml goes before what enrolment told.
std::string Service::link_text() const {
    return options_.config.collector.empty() ? identity_.link : options_.config.collector;
}

std::string Service::status() const {
    return "collector " + link_text() + (agent_->is_connected() ? " connected" : " not connected") +
           "; " + std::to_string(agent_->probes()) + " probes";
}

Task<void> Service::tell_status() {
    std::string told;
    do {
        std::string now = status();
        if (now != told) {
            options_.manager.status(now);
            told = std::move(now);
        }
    } while (co_await sleep_for(status_every));
}

Task<void> Service::watch_signals() {
    while (!is_stopping_) {
        boost::system::error_code ended;
        const int number =
            co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, ended));
        if (ended) {
            co_return;
        }
        if (number == SIGHUP) {
            reload();
        } else {
            begin_stop(number == SIGTERM ? "SIGTERM" : "SIGINT");
        }
    }
}

void Service::reload() {
    options_.manager.reloading();
    auto loaded = read_config(files_, options_.config_path, options_.config_file);
    if (!loaded) {
        std::istringstream lines(loaded.error().text());
        for (std::string line; std::getline(lines, line);) {
            log(LogLevel::error, "config.rejected", {{"why", line}});
        }
        options_.manager.ready(status());
        return;
    }
    if (!options_.data_dir.empty()) {
        loaded->data_dir = options_.data_dir;
    }
    config::AgentConfig& running = options_.config;
    running.labels = loaded->labels;
    running.collector = loaded->collector;
    running.spool_max_bytes = loaded->spool_max_bytes;
    running.spool_max_age = loaded->spool_max_age;
    running.spool_keep_free = loaded->spool_keep_free;
    running.retain_acked = loaded->retain_acked;
    running.retain_acked_bytes = loaded->retain_acked_bytes;
    running.backoff_least = loaded->backoff_least;
    running.backoff_most = loaded->backoff_most;
    running.hash = loaded->hash;
    if (running != *loaded) {
        log(LogLevel::warning,
            "config.needs_restart",
            {{"why",
              "all but collector, labels, link and the limits of the spool is taken at the next "
              "start"}});
    }
    if (const auto collector = parse_endpoint(link_text(), link_port)) {
        const AgentOptions wanted = options_for(options_, identity_, *collector);
        agent_->reconfigure(
            {.spool = wanted.delivery.spool.limits,
             .collector = *collector,
             .backoff_least = running.backoff_least,
             .backoff_most = running.backoff_most,
             .config_hash = running.hash}
        );
    }
    log_doubts(*loaded);
    log(LogLevel::info, "config.loaded", {{"path", options_.config_path}});
    options_.manager.ready(status());
}

void Service::begin_stop(const std::string& signal) {
    if (is_stopping_) {
        return;
    }
    is_stopping_ = true;
    log(LogLevel::info, "agent.stopping", {{"signal", signal}});
    options_.manager.stopping("stopping: " + signal);
    ::alarm(
        static_cast<unsigned>(std::chrono::duration_cast<std::chrono::seconds>(kill_after).count())
    );
    asio::co_spawn(loop_, stop_all(), [](const std::exception_ptr& failed) {
        if (failed) {
            std::rethrow_exception(failed);
        }
    });
}

Task<void> Service::stop_all() {
    co_await agent_->stop("stopping", Deadline::in(stop_within));
    runner_.stop();
    tasks_.stop();
    log(LogLevel::info, "agent.stopped");
    loop_.stop();
}

/// The link renews it by itself. Whoever reads this has a collector that cannot be reached, or that refuses.
Task<void> Service::watch_certificate() {
    do {
        const WallTime end = credentials_->not_after();
        const Duration left = end - clock_.wall();
        if (left < (end - credentials_->due()) / 2) {
            log(LogLevel::warning,
                left > Duration{} ? "certificate.ends" : "certificate.ended",
                {{"at", format_rfc3339(end)},
                 {"remedy",
                  (left > Duration{}
                       ? std::string("it is renewed while the collector is connected, and ")
                       : std::string("it is ")) +
                      "recovered by its key once it has ended, over port " +
                      std::to_string(identity_.people_port) +
                      " of the collector; where that is refused: muster token create --agent "
                      "--name " +
                      identity_.name +
                      ", stop the agent, remove its folder identity, muster-agent enrol"}});
        }
    } while (co_await sleep_for(std::chrono::hours(24)));
}

}  // namespace

std::string own_hostname() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Result<config::AgentConfig> read_config(Files& files, const std::string& path, ConfigFile which) {
    if (which == ConfigFile::usual && !files.exists(path)) {
        return config::AgentConfig();
    }
    return config::load_agent_config(files, path);
}

int run_service(ServiceOptions options) {
    Service service(std::move(options));
    return service.run();
}

}  // namespace muster::agent
