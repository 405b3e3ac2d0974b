#include "cmdb/shipped_model.hpp"
#include "config/agent_doubts.hpp"
#include "config/json_schema.hpp"
#include "config/programs.hpp"
#include "ctl/verbs.hpp"
#include "probes/probe_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace muster::ctl {

namespace {

struct Options {
    std::string file;
    std::string kind = "auto";
};

/// agent.yaml and cli.yaml by their names; everything else is the collector's.
std::string kind_of(const Options& options) {
    if (options.kind != "auto") {
        return options.kind;
    }
    const std::string name = options.file.substr(options.file.rfind('/') + 1);
    return name.find("agent") != std::string::npos ? "agent"
           : name == "cli.yaml"                    ? "cli"
                                                   : "collector";
}

std::string counted(std::size_t number, const char* one, const char* many) {
    return fmt::format("{} {}", number, number == 1 ? one : many);
}

std::string summary_of(const config::LoadedCollector& loaded) {
    std::size_t probes = 0;
    for (const config::Target& target : loaded.watch.targets) {
        probes += target.probes.size();
    }
    return fmt::format(
        "{}, {}, {}, {}, {}",
        counted(loaded.texts.size(), "file", "files"),
        counted(loaded.watch.targets.size(), "target", "targets"),
        counted(probes, "probe", "probes"),
        counted(loaded.watch.policies.size(), "policy", "policies"),
        counted(loaded.watch.channels.size(), "channel", "channels")
    );
}

/// What it is, in a line; in `doubts` what it probably does not mean.
Result<std::string> check_file(
    Files& files, const Options& options, std::vector<std::string>& doubts
) {
    const std::string kind = kind_of(options);
    if (kind == "agent") {
        const auto loaded = config::load_agent_config(files, options.file);
        if (!loaded) {
            return failure(loaded.error());
        }
        doubts = config::doubts_of(*loaded);
        return std::string("an agent's configuration");
    }
    if (kind == "cli") {
        const auto loaded = config::load_cli_config(files, options.file);
        return loaded ? Result<std::string>("the command line's configuration")
                      : failure(loaded.error());
    }
    const auto loaded = config::load_collector_config(
        files, options.file, probes::probe_schemas(), cmdb::declared_vocabulary
    );
    return loaded ? Result<std::string>(summary_of(*loaded)) : failure(loaded.error());
}

int check(Session& session, const Options& options) {
    std::vector<std::string> doubts;
    const Result<std::string> summary = check_file(session.world().files, options, doubts);
    if (!summary) {
        // The text stands alone: "collector.yaml:3:5: what, and what was expected".
        session.world().err << summary.error().text() << "\n";
        return exit_usage;
    }
    session.world().out << fmt::format("{}: ok: {}\n", options.file, *summary);
    for (const std::string& doubt : doubts) {
        session.world().err << fmt::format("{}: warning: {}\n", options.file, doubt);
    }
    return exit_success;
}

void add_schema_verb(CLI::App& group, Session& session) {
    std::vector<std::string> names;
    for (const config::SchemaFile& file : config::schema_files()) {
        names.emplace_back(file.name);
    }
    // Owned by the callback below and by the option that writes into it.
    const auto name = std::make_shared<std::string>();
    CLI::App* verb = group.add_subcommand(
        "schema", "The JSON Schema of a file, for editors; watch is what conf.d/*.yaml may hold"
    );
    verb->add_option("FILE", *name, "Which file")->required()->check(CLI::IsMember(names));
    verb->callback([&session, name] {
        session.action = [&session, name] {
            const auto all = config::schema_files();
            const auto wanted = std::ranges::find(all, *name, &config::SchemaFile::name);
            session.world().out << config::json_schema(*wanted, probes::probe_schemas());
            return exit_success;
        };
    });
}

}  // namespace

void add_config_verbs(CLI::App& app, Session& session) {
    // Owned by the callback below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* group = app.add_subcommand("config", "Configuration files");
    group->require_subcommand(1);
    CLI::App* verb = group->add_subcommand(
        "check", "Validate a file (and conf.d beside a collector's) without starting anything"
    );
    verb->add_option("FILE", options->file, "collector.yaml, agent.yaml or a file of conf.d")
        ->required();
    verb->add_option("--as", options->kind, "auto goes by the file's name")
        ->check(CLI::IsMember({"auto", "collector", "agent", "cli"}))
        ->capture_default_str();
    verb->callback([&session, options] {
        session.action = [&session, options] { return check(session, *options); };
    });
    add_schema_verb(*group, session);
}

}  // namespace muster::ctl
