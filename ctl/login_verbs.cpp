#include "config/programs.hpp"
#include "ctl/verbs.hpp"

#include <istream>
#include <memory>
#include <ostream>

namespace muster::ctl {

namespace {

std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

/// The token from `--token-file FILE`, or a line of standard input where that is "-" or not given.
Result<Secret> read_token(Session& session) {
    const std::string& file = session.settings().token_file;
    if (!file.empty() && file != "-") {
        return read_secret_file(session.world().files, file);
    }
    session.say("your token:");
    std::string line;
    std::getline(session.world().in, line);
    if (line.empty()) {
        return failure(ErrorKind::invalid, "no token on standard input");
    }
    return Secret(std::move(line));
}

Status save(
    Files& files, const std::string& path, const config::CliConfig& config, const Secret& token
) {
    if (auto made = files.create_directories(folder_of(path)); !made) {
        return failure(made.error());
    }
    if (auto written = write_file_atomically(files, config.token_file, token.reveal()); !written) {
        return failure(written.error());
    }
    return write_file_atomically(files, path, config::cli_config_text(config));
}

int login(Session& session) {
    const Result<std::string> path = session.config_path();
    if (!path) {
        return session.fail(path.error());
    }
    const Settings& settings = session.settings();
    const auto& environment = session.world().environment;
    const auto from_environment = environment.find("MUSTER_SERVER");
    config::CliConfig config;
    config.server = !settings.server.empty()                ? settings.server
                    : from_environment != environment.end() ? from_environment->second
                                                            : std::string();
    if (config.server.empty()) {
        return session.fail(
            {ErrorKind::invalid, "which collector? Give --server https://HOST:8443"}, exit_usage
        );
    }
    if (!settings.ca_file.empty() && !settings.ca_file.starts_with('/')) {
        return session.fail(
            {ErrorKind::invalid, "--ca-file: expected an absolute path"}, exit_usage
        );
    }
    config.ca_file = settings.ca_file;
    config.token_file = folder_of(*path) + "/token";
    Result<Secret> token = read_token(session);
    if (!token) {
        return session.fail(token.error());
    }
    std::string ca_pem;
    if (!config.ca_file.empty()) {
        Result<std::string> text = read_file(session.world().files, config.ca_file, 1u << 20);
        if (!text) {
            return session.fail(text.error());
        }
        ca_pem = std::move(*text);
    }
    const Result<ApiClient> client =
        ApiClient::open(config.server, token->clone(), std::move(ca_pem));
    if (!client) {
        return session.fail(client.error());
    }
    if (const auto agents = client->get("/agents", {{"limit", "1"}}); !agents) {
        return session.fail(agents.error());
    }
    if (const Status saved = save(session.world().files, *path, config, *token); !saved) {
        return session.fail(saved.error());
    }
    session.say("logged in to " + config.server + "; saved in " + *path);
    return exit_success;
}

}  // namespace

void add_login_verbs(CLI::App& app, Session& session) {
    CLI::App* verb = app.add_subcommand(
        "login", "Try --server with the token of --token-file (or standard input) and save both"
    );
    verb->callback([&session] { session.action = [&session] { return login(session); }; });

    app.add_subcommand("version", "The version of this program")->callback([&session] {
        session.action = [&session] {
            session.world().out << "muster " MUSTER_VERSION "\n";
            return exit_success;
        };
    });
}

}  // namespace muster::ctl
