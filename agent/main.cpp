// Owns: the program muster-agent: its arguments, signals and exit codes (0 done, 1 failed, 2 wrong
// configuration or usage).
#include "agent/data_folder.hpp"
#include "agent/discovery/host_inventory.hpp"
#include "agent/enrolment.hpp"
#include "agent/identity.hpp"
#include "agent/inventory_text.hpp"
#include "agent/service.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "config/programs.hpp"
#include "wire/protobuf_log.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>

namespace muster::agent {

namespace {

constexpr Duration enrol_within = std::chrono::seconds(30);

struct Arguments {
    std::string config = "/etc/muster/agent.yaml";
    ConfigFile config_file = ConfigFile::usual;
    std::string data_dir;
    bool check = false;
    std::string log_format = "text";
    bool enrol = false;
    std::string collector_url;
    std::string token_file;
    std::string name;
    bool inventory = false;
    std::string root = "/";
    std::string inventory_format = "table";
};

int fail(const Error& error, int code) {
    std::cerr << "muster-agent: " << error.text() << "\n";
    return code;
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
    const auto is_enrolled = has_identity(files, config.data_dir);
    if (is_enrolled && *is_enrolled) {
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
    if (auto ready = prepare_data_folder(files, config.data_dir); !ready) {
        return fail(ready.error(), 1);
    }
    if (!is_enrolled) {
        return fail(is_enrolled.error(), 1);
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

/// What would be sent of this machine, or of the one whose files are below another folder.
int run_inventory(const Arguments& arguments, const config::AgentConfig& config) {
    RealFiles files;
    const SystemClock clock;
    HostInventoryOptions options;
    options.root = arguments.root;
    if (options.root == "/") {
        options.helper = config.inventory_helper;
        const auto identity = load_identity(files, config.data_dir);
        options.observer.agent = identity ? identity->agent : AgentId{};
    } else {
        options.addresses = [] { return std::vector<InterfaceAddress>{}; };
    }
    options.observer.version = MUSTER_VERSION;
    const HostInventory inventory = look_at_host(options, clock.wall());
    std::cout
        << (arguments.inventory_format == "json" ? inventory_json(inventory.seen)
                                                 : inventory_table(inventory.seen));
    return 0;
}

/// The configuration, with the command line's say.
Result<config::AgentConfig> configure(const Arguments& arguments) {
    RealFiles files;
    auto config = read_config(files, arguments.config, arguments.config_file);
    if (config && !arguments.data_dir.empty()) {
        config->data_dir = arguments.data_dir;
    }
    return config;
}

int dispatch(const Arguments& arguments) {
    configure_log(
        arguments.log_format == "json" ? LogFormat::json : LogFormat::text, LogLevel::info
    );
    wire::log_what_protobuf_says();
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGHUP, SIG_IGN);  // until the service listens to it
    NotifySocket manager = NotifySocket::from_environment();
    auto config = configure(arguments);
    if (!config) {
        // The text stands alone: "agent.yaml:2:23: what, and what was expected".
        std::cerr << config.error().text() << "\n";
        return 2;
    }
    if (arguments.check) {
        std::cout << arguments.config << ": ok\n";
        return 0;
    }
    if (arguments.inventory) {
        return run_inventory(arguments, *config);
    }
    if (arguments.enrol) {
        return run_enrolment(arguments, *config);
    }
    return run_service(
        {.config = std::move(*config),
         .config_path = arguments.config,
         .config_file = arguments.config_file,
         .data_dir = arguments.data_dir,
         .version = MUSTER_VERSION,
         .manager = std::move(manager)}
    );
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
    auto* inventory =
        app.add_subcommand("inventory", "Show what is told of this machine, and what is lacking");
    inventory
        ->add_option(
            "--root", arguments.root, "Read the files below this folder, as another machine's"
        )
        ->capture_default_str();
    inventory->add_option("--format", arguments.inventory_format, "table or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    arguments.config_file = config->count() > 0 ? ConfigFile::named : ConfigFile::usual;
    arguments.enrol = enrolment->parsed();
    arguments.inventory = inventory->parsed();
    return dispatch(arguments);
}

}  // namespace

}  // namespace muster::agent

int main(int argc, char** argv) {
    return muster::agent::parse_and_run(argc, argv);
}
