// Owns: what every verb shares: the options every one takes, the collector it talks to, how it prints.
#pragma once

#include "config/programs.hpp"
#include "ctl/api_client.hpp"
#include "ctl/moment.hpp"
#include "ctl/world.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace muster::ctl {

/// What the command line said, before cli.yaml and the environment are asked.
struct Settings {
    std::string server;
    std::string token_file;
    std::string ca_file;
    std::string config_file;
    std::string time_zone;
    std::string output = "table";
    bool no_color = false;
};

/// One run of the program. Verbs are added to the CLI, which sets `action`; then the action runs and gives the exit code.
class Session {
  public:
    explicit Session(World& world) : world_(world) {}

    World& world() { return world_; }

    const World& world() const { return world_; }

    Settings& settings() { return settings_; }

    std::function<int()> action;

    Format format() const;
    Colours colours() const;

    /// A time for a table: human_time, but as it came in CSV, which programs read.
    std::string time(const json::value& at) const;

    /// exact_time for a table, for the ends of spans, which are compared; as it came in CSV.
    std::string exact_time(const json::value& at) const;

    /// cli.yaml: --config, else below XDG_CONFIG_HOME or HOME.
    Result<std::string> config_path() const;
    /// What cli.yaml says; nothing where there is none.
    Result<config::CliConfig> known() const;
    /// The collector and the token: command line, then MUSTER_SERVER, then cli.yaml.
    Result<ApiClient> connect() const;

    /// A secret from `file`; a line of standard input where that is "-"; asked for with `prompt` where it is empty.
    Result<Secret> read_secret(const std::string& file, const std::string& prompt) const;

    /// An option of a verb that names a moment; `text` outlives the run.
    void know_moment(const std::string& option, std::string& text, Sought sought);
    /// Puts what the collector reads in place of what was given to such options.
    Status read_moments();

    /// Whether somebody types at a terminal.
    bool has_person() const { return static_cast<bool>(world_.ask_secret); }

    /// The table on a terminal or in CSV; in JSON `value` itself.
    int print(const Table& table, const json::value& value) const;
    /// The same of a list; on stderr, whatever the output, that it was cut where it was.
    int print(const Table& table, const Listing& listing) const;
    /// A sentence for people, on stderr, unless the output is JSON.
    void say(const std::string& sentence) const;
    /// "muster: …" on stderr; `exit_failed`, or `exit_usage` for what was wrong with the arguments.
    int fail(const Error& error, int code = exit_failed) const;

  private:
    struct Moment {
        std::string option;
        std::string* text;
        Sought sought;
    };

    World& world_;
    Settings settings_;
    std::vector<Moment> moments_;
};

/// An option that names a moment, in whatever form; the verb finds it as the collector reads it.
CLI::Option* add_moment(
    CLI::App& verb,
    Session& session,
    const std::string& option,
    std::string& text,
    const std::string& help,
    Sought sought = Sought::past
);

/// --limit
void add_limit(CLI::App& verb, std::size_t& limit);

/// --limit, --filter and --sort, which every list has.
void add_selection(CLI::App& verb, ListSelection& select);

/// An incident as people name it ("31", "inc-31") as it stands in a path: "INC-31".
std::string incident_path(const std::string& name);

}  // namespace muster::ctl
