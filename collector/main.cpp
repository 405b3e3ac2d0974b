// Owns: the command line of muster-collector. Leaves to collector.hpp: running.
#include "base/log.hpp"
#include "collector/authority_command.hpp"
#include "collector/backup/restore.hpp"
#include "collector/collector.hpp"
#include "collector/configuration/load.hpp"
#include "collector/configuration/secret_check.hpp"
#include "collector/data_directory.hpp"
#include "collector/settings.hpp"
#include "collector/size_estimate.hpp"
#include "wire/protobuf_log.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <optional>
#include <string>

namespace {

using namespace muster;

constexpr int bad_configuration = 2;

struct Arguments {
    std::string config_path = "/etc/muster/collector.yaml";
    std::string data_dir;
    std::string log_format = "text";
    std::optional<std::string> size;
    bool check = false;
    std::string from;
    collector::AuthorityCommand authority;
};

int complain(const std::string& text) {
    std::fprintf(stderr, "muster-collector: %s\n", text.c_str());
    return 1;
}

/// Without a configuration: under the defaults.
int tell_size(const Arguments& arguments) {
    const auto question = collector::parse_size_question(*arguments.size);
    if (!question) {
        std::fprintf(stderr, "muster-collector: --size: %s\n", question.error().what().c_str());
        return bad_configuration;
    }
    config::CollectorConfig process;
    if (!arguments.config_path.empty()) {
        RealFiles files;
        auto loaded =
            collector::load_configuration(files, arguments.config_path, arguments.data_dir);
        if (!loaded) {
            std::fprintf(stderr, "%s\n", loaded.error().text().c_str());
            return bad_configuration;
        }
        process = std::move(loaded->process);
    }
    std::fputs(collector::size_text(*question, process).c_str(), stdout);
    return 0;
}

/// The collector must not run: the data directory is locked meanwhile.
int restore(const Arguments& arguments) {
    configure_log(LogFormat::text, LogLevel::warning);
    RealFiles files;
    auto loaded = collector::load_configuration(files, arguments.config_path, arguments.data_dir);
    if (!loaded) {
        std::fprintf(stderr, "%s\n", loaded.error().text().c_str());
        return bad_configuration;
    }
    config::CollectorConfig& process = loaded->process;
    if (!arguments.data_dir.empty()) {
        process.data_dir = arguments.data_dir;
    }
    const auto data = collector::DataDirectory::open(files, process.data_dir);
    if (!data) {
        return complain(data.error().text());
    }
    const collector::RestorePlan plan{
        .data_dir = process.data_dir,
        .folder = collector::backup_options(process, process.data_dir).plan.folder,
        .from = arguments.from
    };
    const auto restored = collector::restore(files, plan, SystemClock().wall());
    if (!restored) {
        return complain(restored.error().text());
    }
    std::printf(
        "restored %s, up to entry %llu; what was there lies in %s\n"
        "start the collector: agents send again what they still keep\n",
        restored->backup.c_str(),
        static_cast<unsigned long long>(restored->from_lsn),
        restored->aside.c_str()
    );
    return 0;
}

/// The collector must not run, either.
int roll_authority(const Arguments& arguments) {
    configure_log(LogFormat::text, LogLevel::warning);
    RealFiles files;
    auto loaded = collector::load_configuration(files, arguments.config_path, arguments.data_dir);
    if (!loaded) {
        std::fprintf(stderr, "%s\n", loaded.error().text().c_str());
        return bad_configuration;
    }
    const std::string data_dir =
        arguments.data_dir.empty() ? loaded->process.data_dir : arguments.data_dir;
    return collector::run_authority_command(
        files, data_dir, arguments.authority, SystemClock().wall()
    );
}

/// `muster-collector ca list|add|use|drop`
CLI::App* add_authority_verbs(CLI::App& app, collector::AuthorityCommand& command) {
    using collector::AuthorityVerb;
    CLI::App* const authority = app.add_subcommand(
        "ca", "lets one authority give way to another; the collector must not run"
    );
    authority->require_subcommand(1);
    const auto verb = [&](const char* name, AuthorityVerb which, const char* what) {
        CLI::App* const made = authority->add_subcommand(name, what);
        made->callback([&command, which] { command.verb = which; });
        return made;
    };
    verb("list", AuthorityVerb::list, "the authorities there are, and what comes next");
    verb("add", AuthorityVerb::add, "makes the next one: agents are told of it and trust both");
    const char* const force = "also where agents would have to enrol anew";
    verb("use", AuthorityVerb::use, "the next one signs; agents renew their certificates")
        ->add_flag("--force", command.force, force);
    verb("drop", AuthorityVerb::drop, "what the old one signed counts no more")
        ->add_flag("--force", command.force, force);
    return authority;
}

int run(const Arguments& arguments) {
    if (arguments.size) {
        return tell_size(arguments);
    }
    configure_log(
        arguments.log_format == "json" ? LogFormat::json : LogFormat::text, LogLevel::info
    );
    wire::log_what_protobuf_says();
    NotifySocket manager = NotifySocket::from_environment();
    const SystemClock clock;
    SystemRandom random;
    RealFiles files;
    auto loaded = collector::load_configuration(files, arguments.config_path, arguments.data_dir);
    if (!loaded) {
        std::fprintf(stderr, "%s\n", loaded.error().text().c_str());
        return bad_configuration;
    }
    if (!arguments.data_dir.empty()) {
        loaded->process.data_dir = arguments.data_dir;
    }
    if (arguments.check) {
        for (const collector::UnreadSecret& secret :
             collector::unread_secrets(files, loaded->process.data_dir, loaded->watch)) {
            std::fprintf(stderr, "%s\n", collector::to_text(secret).c_str());
        }
        std::printf("%s is in order\n", arguments.config_path.c_str());
        return 0;
    }
    asio::io_context loop(1);
    collector::CollectorOptions options{
        .loaded = std::move(*loaded),
        .config_path = arguments.config_path,
        .version = MUSTER_VERSION,
        .data_dir = arguments.data_dir,
        .manager = std::move(manager)
    };
    auto collector = collector::Collector::open(
        loop, std::move(options), {.clock = &clock, .random = &random, .files = &files}
    );
    if (!collector) {
        return complain(collector.error().text());
    }
    collector->start();
    loop.run();
    return collector->exit_code();
}

}  // namespace

int main(int count, char** values) {
    Arguments arguments;
    CLI::App app("Collects what agents see, keeps the roll, raises incidents.", "muster-collector");
    CLI::Option* const config =
        app.add_option("--config", arguments.config_path, "collector.yaml")->capture_default_str();
    app.add_option("--data-dir", arguments.data_dir, "instead of data_dir in the configuration");
    app.add_option("--log-format", arguments.log_format, "text or json")
        ->check(CLI::IsMember({"text", "json"}));
    app.add_flag("--check", arguments.check, "only check the configuration");
    CLI::Option* const size = app.add_option(
        "--size", arguments.size, "only tell the disk needed, for example by \"500 devices\""
    );
    CLI::App* const restoring =
        app.add_subcommand("restore", "puts a backup back; the collector must not run");
    restoring->add_option(
        "--from", arguments.from, "name or folder of a backup, instead of the newest good one"
    );
    CLI::App* const authority = add_authority_verbs(app, arguments.authority);
    app.set_version_flag("--version", std::string("muster-collector ") + MUSTER_VERSION);
    try {
        app.parse(count, values);
        if (config->empty() && !size->empty()) {
            arguments.config_path.clear();  // a question about sizes is answered for the defaults
        }
    } catch (const CLI::ParseError& wrong) {
        const int code = app.exit(wrong);
        return code == 0 ? 0 : bad_configuration;
    }
    if (authority->parsed()) {
        return roll_authority(arguments);
    }
    return restoring->parsed() ? restore(arguments) : run(arguments);
}
