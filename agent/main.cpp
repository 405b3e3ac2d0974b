// Owns: the program muster-agent: its arguments, signals and exit codes (0 done, 1 failed, 2 wrong
// configuration or usage).
#include "agent/agent.hpp"
#include "agent/enrolment.hpp"
#include "agent/process_stats.hpp"
#include "base/bytes.hpp"
#include "base/capabilities.hpp"
#include "base/log.hpp"
#include "config/programs.hpp"
#include "probes/resolver.hpp"
#include "probes/runner.hpp"
#include "wire/certificates.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>

#include <array>
#include <climits>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <iostream>
#include <iterator>
#include <optional>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace muster::agent {

namespace {

constexpr Duration stop_within = std::chrono::seconds(8);
constexpr Duration enrol_within = std::chrono::seconds(30);
constexpr Duration kill_after = std::chrono::seconds(10);

struct Arguments {
    std::string config = "/etc/muster/agent.yaml";
    bool config_given = false;
    std::string data_dir;
    bool check = false;
    std::string log_format = "text";
    bool enrol = false;
    std::string collector_url;
    std::string token_file;
    std::string name;
};

int fail(const Error& error, int code) {
    std::cerr << "muster-agent: " << error.text() << "\n";
    return code;
}

std::string own_hostname() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string beside_ourselves(const std::string& program) {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
    const std::string own(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    return own.substr(0, own.rfind('/') + 1) + program;
}

/// Two agents in one data directory would write the same spool. Held until the process ends.
Status take_possession(const std::string& data_dir) {
    const std::string path = data_dir + "/lock";
    const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        return system_failure("cannot write to the data directory", errno, path);
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        return failure(
            ErrorKind::unavailable,
            "another muster-agent runs with this data directory; stop it or give this one "
            "--data-dir",
            data_dir
        );
    }
    return {};
}

Status prepare_data_dir(Files& files, const std::string& data_dir) {
    auto made = files.create_directories(data_dir);
    if (made) {
        made = take_possession(data_dir);
    }
    if (!made && made.error().kind() != ErrorKind::unavailable) {
        const Error& error = made.error();
        return failure(
            error.kind(),
            error.what() + "; make it writable for this user, or set data_dir or --data-dir",
            error.context()
        );
    }
    return made;
}

Result<Secret> read_token(Files& files, const std::string& path) {
    if (path != "-") {
        return read_secret_file(files, path);
    }
    std::string text;
    std::getline(std::cin, text);
    if (text.empty()) {
        return failure(ErrorKind::invalid, "no join token on standard input");
    }
    return Secret(std::move(text));
}

int run_enrolment(const Arguments& arguments, const config::AgentConfig& config) {
    RealFiles files;
    if (has_identity(files, config.data_dir)) {
        const Error already(
            ErrorKind::conflict,
            "this agent is enrolled already; to enrol it anew, stop it and remove the folder "
            "identity",
            config.data_dir
        );
        return fail(already, 1);
    }
    auto token = read_token(files, arguments.token_file);
    if (!token) {
        return fail(token.error(), 1);
    }
    if (auto ready = prepare_data_dir(files, config.data_dir); !ready) {
        return fail(ready.error(), 1);
    }
    asio::io_context loop(1);
    EnrolmentRequest request{
        .collector_url = arguments.collector_url,
        .token = std::move(*token),
        .name = arguments.name,
        .hostname = own_hostname(),
        .version = MUSTER_VERSION,
    };
    std::optional<Result<Identity>> identity;
    asio::co_spawn(
        loop,
        enrol(loop, std::move(request), Deadline::in(enrol_within)),
        [&identity](const std::exception_ptr& problem, Result<Identity> got) {
            if (problem) {
                std::rethrow_exception(problem);
            }
            identity.emplace(std::move(got));
        }
    );
    loop.run();
    if (!*identity) {
        return fail(identity->error(), 1);
    }
    // Assignments of an identity before mean nothing to this collector.
    if (auto gone = files.remove(config.data_dir + "/assignments"); !gone) {
        return fail(gone.error(), 1);
    }
    if (auto saved = save_identity(files, config.data_dir, **identity); !saved) {
        return fail(saved.error(), 1);
    }
    std::cout << "enrolled as " << (*identity)->name << " (" << (*identity)->agent.text() << ")\n";
    return 0;
}

AgentOptions options_for(
    const config::AgentConfig& config, const Identity& identity, const Endpoint& collector
) {
    SystemRandom random;
    AgentOptions options;
    options.batcher.flush = config.flush;
    options.batcher.change_pace = std::min(options.batcher.change_pace, config.flush);
    options.assignments_file = config.data_dir + "/assignments";
    options.delivery.spool_dir = config.data_dir + "/spool";
    options.delivery.spool.max_bytes = config.spool_max_bytes;
    options.delivery.spool.retain_acked = config.retain_acked;
    options.delivery.spool.retain_acked_bytes = config.retain_acked_bytes;
    options.delivery.spool_thread.flush = config.flush;
    options.delivery.uplink.collector = collector;
    options.delivery.uplink.identity = identity.tls;
    options.delivery.uplink.link.backoff_least = config.backoff_least;
    options.delivery.uplink.link.backoff_most = config.backoff_most;
    options.delivery.facts.instance_nonce = std::string(Uuid::random(random).raw());
    options.delivery.facts.boot_id = read_boot_id();
    options.delivery.facts.config_hash = config.hash;
    options.delivery.facts.version = MUSTER_VERSION;
    options.delivery.facts.hostname = own_hostname();
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

Task<void> stop_all(asio::io_context* loop, Agent* agent, probes::Runner* runner) {
    co_await agent->stop("stopping", Deadline::in(stop_within));
    runner->stop();
    log(LogLevel::info, "agent.stopped");
    loop->stop();
}

/// Descriptors for many targets at once; the limit is only ever raised to what the system allows.
void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
    }
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

/// Looks once a day: nobody renews a certificate but a person.
Task<void> watch_certificate(const Identity* identity, const Clock* clock) {
    const auto facts = wire::read_certificate(identity->tls.certificate_chain_pem);
    const Duration valid = facts ? facts->not_after - facts->not_before : Duration{};
    do {
        if (facts && facts->not_after - clock->wall() < valid / 3) {
            log(LogLevel::warning,
                "certificate.ends",
                {{"at", format_rfc3339(facts->not_after)},
                 {"remedy",
                  "muster token create --agent --name " + identity->name +
                      ", stop the agent, remove its folder identity, muster-agent enrol"}});
        }
    } while (co_await sleep_for(std::chrono::hours(24)));
}

int run_agent(const config::AgentConfig& config) {
    RealFiles files;
    if (auto ready = prepare_data_dir(files, config.data_dir); !ready) {
        return fail(ready.error(), 1);
    }
    auto identity = load_identity(files, config.data_dir);
    if (!identity) {
        return fail(identity.error(), 1);
    }
    const std::string link = config.collector.empty() ? identity->link : config.collector;
    const auto collector = parse_endpoint(link, 8444);
    if (!collector) {
        return fail(collector.error(), 2);
    }
    raise_file_limit();
    const SystemClock clock;
    SystemRandom random;
    asio::io_context loop(1);
    probes::Resolver resolver(loop, {});
    probes::RunnerOptions runner_options;
    runner_options.workers = config.workers;
    runner_options.worker_program = config.worker_program.empty()
                                        ? beside_ourselves("muster-probe-worker")
                                        : config.worker_program;
    probes::Runner runner(loop, random, std::move(runner_options));
    keep_only_sockets(runner);
    AgentOptions options = options_for(config, *identity, *collector);
    options.delivery.uplink.resolve = [&resolver](std::string host, Deadline deadline) {
        return addresses_of(&resolver, std::move(host), deadline);
    };
    auto run_probe = [&runner](std::shared_ptr<const ScheduledProbe> probe) {
        return runner.run(probe->type, probe->host, probe->params, probe->secrets, probe->timeout);
    };
    auto agent = Agent::open(loop, clock, files, random, std::move(options), std::move(run_probe));
    if (!agent) {
        return fail(agent.error(), 1);
    }
    asio::signal_set signals(loop, SIGTERM, SIGINT);
    signals.async_wait([&](const boost::system::error_code& problem, int signal) {
        if (problem) {
            return;
        }
        log(LogLevel::info, "agent.stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}}
        );
        ::alarm(static_cast<unsigned>(
            std::chrono::duration_cast<std::chrono::seconds>(kill_after).count()
        ));
        asio::co_spawn(
            loop,
            stop_all(&loop, agent->get(), &runner),
            [](const std::exception_ptr& failed) {
                if (failed) {
                    std::rethrow_exception(failed);
                }
            }
        );
    });
    log(LogLevel::info,
        "agent.started",
        {{"version", MUSTER_VERSION},
         {"agent", identity->agent.text()},
         {"name", identity->name},
         {"collector", link},
         {"data_dir", config.data_dir}});
    (*agent)->start();
    asio::co_spawn(loop, watch_certificate(&*identity, &clock), asio::detached);
    loop.run();
    agent->reset();
    return 0;
}

/// The configuration, with the command line's say.
Result<config::AgentConfig> configure(const Arguments& arguments) {
    RealFiles files;
    config::AgentConfig config;
    // Enrolment needs no more than a data directory; a file that is named must be right all the
    // same.
    if (!arguments.enrol || arguments.config_given || files.exists(arguments.config)) {
        auto loaded = config::load_agent_config(files, arguments.config);
        if (!loaded) {
            return failure(loaded.error());
        }
        config = std::move(*loaded);
    }
    if (!arguments.data_dir.empty()) {
        config.data_dir = arguments.data_dir;
    }
    return config;
}

int dispatch(const Arguments& arguments) {
    configure_log(
        arguments.log_format == "json" ? LogFormat::json : LogFormat::text, LogLevel::info
    );
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGHUP, SIG_IGN);
    const auto config = configure(arguments);
    if (!config) {
        // The text stands alone: "agent.yaml:2:23: what, and what was expected".
        std::cerr << config.error().text() << "\n";
        return 2;
    }
    if (arguments.check) {
        std::cout << arguments.config << ": ok\n";
        return 0;
    }
    return arguments.enrol ? run_enrolment(arguments, *config) : run_agent(*config);
}

int parse_and_run(int argc, char** argv) {
    Arguments arguments;
    CLI::App app(
        "Probes what it is told to and delivers the results to its collector.", "muster-agent"
    );
    app.fallthrough();
    app.set_version_flag("--version", "muster-agent " MUSTER_VERSION);
    const auto* config =
        app.add_option("--config", arguments.config, "Configuration file")->capture_default_str();
    app.add_option(
        "--data-dir",
        arguments.data_dir,
        "Where identity and spool are; goes before data_dir in the file"
    );
    app.add_flag("--check", arguments.check, "Validate the configuration and exit");
    app.add_option("--log-format", arguments.log_format, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    auto* enrolment = app.add_subcommand("enrol", "Join a collector with a join token");
    enrolment->add_option("--collector", arguments.collector_url, "https://HOST:8443")->required();
    enrolment
        ->add_option(
            "--token-file",
            arguments.token_file,
            "File with the join token, or - for standard input"
        )
        ->required();
    enrolment->add_option(
        "--name", arguments.name, "Name of this agent; by default the collector's choice"
    );
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    arguments.config_given = config->count() > 0;
    arguments.enrol = enrolment->parsed();
    return dispatch(arguments);
}

}  // namespace

}  // namespace muster::agent

int main(int argc, char** argv) {
    return muster::agent::parse_and_run(argc, argv);
}
