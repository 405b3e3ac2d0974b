#include "base/bytes.hpp"
#include "ctl/plugin_output.hpp"
#include "ctl/probe_options.hpp"
#include "ctl/verbs.hpp"
#include "probes/runner.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <ostream>

namespace muster::ctl {

namespace {

struct ProbeOptions {
    const probes::ProbeType* type = nullptr;
    std::string target;
    std::string timeout = "5s";
    std::string worker_program;
    GivenOptions given;
};

Task<void> run_and_stop(
    probes::Runner* runner,
    const ProbeOptions* options,
    std::string host,
    config::Params params,
    probes::Secrets secrets,
    Duration timeout,
    std::optional<probes::Outcome>* outcome
) {
    std::string type(options->type->name);
    Task<probes::Outcome> running = runner->run(
        std::move(type), std::move(host), std::move(params), std::move(secrets), timeout
    );
    outcome->emplace(co_await std::move(running));
    runner->stop();
}

int probe(Session& session, const ProbeOptions& options) {
    World& world = session.world();
    const Result<Duration> timeout = parse_duration(options.timeout);
    if (!timeout || *timeout <= Duration::zero()) {
        return session.fail(
            {ErrorKind::invalid, "expected a duration such as 5s", "--timeout"}, nagios_usage
        );
    }
    Result<config::Params> params = probe_params(*options.type, options.given);
    if (!params) {
        return session.fail(params.error(), nagios_usage);
    }
    Result<std::string> host = take_target(*options.type, options.target, *params);
    if (!host) {
        return session.fail(host.error(), nagios_usage);
    }
    if (lacks_port(*options.type, *params)) {
        return session.fail(
            {ErrorKind::invalid,
             "expected a port as well: " + options.target + ":PORT, or --port PORT",
             options.target},
            nagios_usage
        );
    }
    if (const auto valid = config::validate_params(options.type->params, *params); !valid) {
        return session.fail(valid.error(), nagios_usage);
    }
    auto secrets = probe_secrets(world.files, world.in, options.given);
    if (!secrets) {
        return session.fail(secrets.error(), nagios_usage);
    }
    asio::io_context loop(1);
    probes::RunnerOptions runner_options;
    runner_options.worker_program = options.worker_program.empty()
                                        ? world.program_folder + "muster-probe-worker"
                                        : options.worker_program;
    probes::Runner runner(loop, world.random, std::move(runner_options));
    std::optional<probes::Outcome> outcome;
    Task<void> running = run_and_stop(
        &runner,
        &options,
        std::move(*host),
        std::move(*params),
        std::move(*secrets),
        *timeout,
        &outcome
    );
    asio::co_spawn(loop, std::move(running), [](const std::exception_ptr& problem) {
        if (problem) {
            std::rethrow_exception(problem);
        }
    });
    loop.run();
    if (!outcome) {
        return session.fail(
            {ErrorKind::internal, "the probe ended without an outcome"}, nagios_usage
        );
    }
    if (session.format() == Format::json) {
        world.out << render_json(outcome_json(*options.type, options.target, *outcome));
    } else {
        world.out << plugin_line(*options.type, *outcome) << "\n";
    }
    world.out.flush();
    return plugin_exit_code(outcome->state);
}

}  // namespace

void add_probe_verbs(CLI::App& app, Session& session) {
    CLI::App* group = app.add_subcommand(
        "probe",
        "One probe, here and now; exits as a Nagios plugin: 0 ok, 1 warning, 2 critical, 3 unknown"
    );
    group->require_subcommand(1);
    for (const probes::ProbeType* type : probes::probe_types()) {
        // Owned by the callback and by the options that write into it.
        const auto options = std::make_shared<ProbeOptions>();
        options->type = type;
        CLI::App* verb = group->add_subcommand(std::string(type->name), std::string(type->summary));
        verb->add_option("TARGET", options->target, target_help(*type))->required();
        verb->add_option("--timeout", options->timeout, "Give up after this")
            ->capture_default_str();
        verb->add_option(
            "--worker-program", options->worker_program, "Instead of the probe worker beside muster"
        );
        add_probe_options(*verb, *type, options->given);
        verb->callback([&session, options] {
            session.action = [&session, options] { return probe(session, *options); };
        });
    }
}

}  // namespace muster::ctl
