#include "ctl/program.hpp"

#include "base/zone.hpp"
#include "ctl/completion.hpp"
#include "ctl/plugin_output.hpp"
#include "ctl/usage.hpp"
#include "ctl/verbs.hpp"
#include "ctl/words.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <ostream>

namespace muster::ctl {

namespace {

void add_settings(CLI::App& app, Settings& settings) {
    app.add_option("--server", settings.server, "The collector: https://HOST:8443");
    app.add_option("--token-file", settings.token_file, "File that holds your token");
    app.add_option("--ca-file", settings.ca_file, "Authority of the server's certificate (PEM)");
    app.add_option("--config", settings.config_file, "Instead of ~/.config/muster/cli.yaml");
    app.add_option("-o,--output", settings.output, "table, json or csv")
        ->check(CLI::IsMember({"table", "json", "csv"}))
        ->capture_default_str();
    app.add_option("--tz", settings.time_zone, "Time zone for times, such as Europe/Berlin");
    app.add_flag("--no-color", settings.no_color, "No colours on a terminal");
}

/// A Nagios server takes 1 and 2 for warning and critical, so usage of `probe` is 3.
int usage_code(const CLI::App& app, const std::vector<std::string>& arguments) {
    const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
    const auto is_verb = [&](const std::string& word) {
        return std::any_of(verbs.begin(), verbs.end(), [&](const CLI::App* known) {
            return known->get_name() == word;
        });
    };
    const auto verb = std::find_if(arguments.begin(), arguments.end(), is_verb);
    return verb != arguments.end() && *verb == "probe" ? nagios_usage : exit_usage;
}

/// The words to complete, where the shell asks: the word for it stands where a verb would, since a program that starts this one
/// with options of its own (script/muster) puts them first.
std::optional<std::vector<std::string>> completion_asked(
    const CLI::App& app, const std::vector<std::string>& arguments
) {
    const auto word = std::find(arguments.begin(), arguments.end(), completion_word);
    if (word == arguments.end()) {
        return std::nullopt;
    }
    const Reached reached = reached_by(app, {arguments.begin(), word});
    if (reached.verb != &app || reached.waiting != nullptr || !reached.arguments.empty()) {
        return std::nullopt;
    }
    return std::vector<std::string>{word + 1, arguments.end()};
}

}  // namespace

int run(World& world, std::vector<std::string> arguments) {
    Session session(world);
    CLI::App app("Asks and tells a Muster collector, and probes without one.", "muster");
    app.require_subcommand(1);
    app.fallthrough();
    app.set_version_flag("--version", "muster " MUSTER_VERSION);
    add_settings(app, session.settings());
    add_status_verb(app, session);
    add_incident_verbs(app, session);
    add_window_verbs(app, session);
    add_why_verbs(app, session);
    add_ci_verbs(app, session);
    add_relation_verbs(app, session);
    add_class_verbs(app, session);
    add_agent_verbs(app, session);
    add_event_verbs(app, session);
    add_channel_verbs(app, session);
    add_probe_verbs(app, session);
    add_policy_verbs(app, session);
    add_threshold_verbs(app, session);
    add_target_verbs(app, session);
    add_availability_verb(app, session);
    add_config_verbs(app, session);
    add_login_verbs(app, session);
    add_user_verbs(app, session);
    add_token_verbs(app, session);
    add_audit_verbs(app, session);
    add_backup_verbs(app, session);
    add_quarantine_verbs(app, session);
    add_completion_verbs(app, session);
    if (const auto asked = completion_asked(app, arguments)) {
        return tell_completion(world, app, *asked);
    }
    const int wrong_usage = usage_code(app, arguments);
    try {
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::Success& asked) {  // for help
        return app.exit(asked, world.out, world.err);
    } catch (const CLI::ParseError& error) {
        world.err << usage_text(app, arguments, error);
        return wrong_usage;
    }
    const std::string& zone = session.settings().time_zone;
    if (!zone.empty() && !zone_exists(zone)) {
        return session.fail(
            {ErrorKind::invalid,
             "there is no such time zone; expected one like Europe/Berlin",
             "--tz " + zone},
            wrong_usage
        );
    }
    if (!zone.empty()) {
        ::setenv("TZ", zone.c_str(), 1);
        ::tzset();
    }
    if (const Status read = session.read_moments(); !read) {
        return session.fail(read.error(), wrong_usage);
    }
    return session.action ? session.action() : wrong_usage;
}

}  // namespace muster::ctl
