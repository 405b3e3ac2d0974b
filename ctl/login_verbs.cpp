#include "config/programs.hpp"
#include "ctl/verbs.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <istream>
#include <memory>
#include <ostream>
#include <unistd.h>

namespace muster::ctl {

namespace {

struct Options {
    std::string user;
    std::string password_file;
    std::string ttl = "90d";
};

std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

/// Beside the configuration; one that is not called cli.yaml has a token of its own.
std::string token_file_of(const std::string& path) {
    const std::string name = std::filesystem::path(path).stem();
    return folder_of(path) + (name == "cli" ? "/token" : "/" + name + ".token");
}

/// "muster-HOST", of what a token's name may have.
std::string token_name() {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    std::string name = "muster-" + std::string(host.data()).substr(0, 100);
    std::ranges::replace_if(
        name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '.'; }, '-'
    );
    return name;
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

/// What --server, MUSTER_SERVER and --ca-file say, and where they say nothing, cli.yaml.
Result<config::CliConfig> wanted_config(Session& session) {
    const Settings& settings = session.settings();
    const auto& environment = session.world().environment;
    const auto from_environment = environment.find("MUSTER_SERVER");
    const Result<std::string> path = session.config_path();
    if (!path) {
        return failure(path.error());
    }
    Result<config::CliConfig> known = session.known();
    if (!known) {
        return failure(known.error());
    }
    config::CliConfig config;
    config.server = !settings.server.empty()                ? settings.server
                    : from_environment != environment.end() ? from_environment->second
                                                            : known->server;
    if (config.server.empty()) {
        return failure(ErrorKind::invalid, "which collector? Give --server https://HOST:8443");
    }
    if (!settings.ca_file.empty()) {
        // It is read again from wherever the person is then.
        config.ca_file = std::filesystem::absolute(settings.ca_file).lexically_normal();
    }
    if (config.ca_file.empty() && config.server == known->server) {
        config.ca_file = std::move(known->ca_file);
    }
    config.token_file = token_file_of(*path);
    return config;
}

Result<ApiClient> open_client(Session& session, const config::CliConfig& config, Secret token) {
    std::string ca_pem;
    if (!config.ca_file.empty()) {
        Result<std::string> text = read_file(session.world().files, config.ca_file, 1u << 20);
        if (!text) {
            return failure(text.error());
        }
        ca_pem = std::move(*text);
    }
    return ApiClient::open(config.server, std::move(token), std::move(ca_pem));
}

/// A token that was handed over, tried once.
Result<Secret> given_token(Session& session, const config::CliConfig& config) {
    Result<Secret> token = session.read_secret(session.settings().token_file, "your token: ");
    if (!token) {
        return failure(token.error());
    }
    const Result<ApiClient> client = open_client(session, config, token->clone());
    if (!client) {
        return failure(client.error());
    }
    if (const auto agents = client->get("/agents", {{"limit", "1"}}); !agents) {
        return failure(agents.error());
    }
    return token;
}

/// Signs in with name and password, and has a token made for this machine.
Result<Secret> made_token(
    Session& session, const config::CliConfig& config, const Options& options
) {
    std::string name = options.user;
    if (name.empty()) {
        session.world().err << "your name: " << std::flush;
        std::getline(session.world().in, name);
    }
    const Result<Secret> password = session.read_secret(options.password_file, "your password: ");
    if (!password) {
        return failure(password.error());
    }
    Result<ApiClient> client = open_client(session, config, Secret());
    if (!client) {
        return failure(client.error());
    }
    if (auto known = client->sign_in(name, *password); !known) {
        return failure(known.error());
    }
    const Result<json::value> made =
        client->post("/tokens", {{"name", token_name()}, {"ttl", options.ttl}});
    const Status ended = client->sign_out();
    if (!made || !ended) {
        return failure(!made ? made.error() : ended.error());
    }
    return Secret(text_of(*made, "token"));
}

int login(Session& session, const Options& options) {
    const Result<std::string> path = session.config_path();
    if (!path) {
        return session.fail(path.error());
    }
    const Result<config::CliConfig> config = wanted_config(session);
    if (!config) {
        return session.fail(config.error(), exit_usage);
    }
    const bool by_name = !options.user.empty() || !options.password_file.empty() ||
                         (session.has_person() && session.settings().token_file.empty());
    const Result<Secret> token =
        by_name ? made_token(session, *config, options) : given_token(session, *config);
    if (!token) {
        return session.fail(token.error());
    }
    if (const Status saved = save(session.world().files, *path, *config, *token); !saved) {
        return session.fail(saved.error());
    }
    session.say("logged in to " + config->server + "; saved in " + *path);
    return exit_success;
}

/// The token in our own folder ends where it is a user's; one that was handed over is only forgotten.
int logout(Session& session) {
    const Result<std::string> path = session.config_path();
    if (!path) {
        return session.fail(path.error());
    }
    Files& files = session.world().files;
    const std::string token_file = token_file_of(*path);
    if (!files.exists(token_file)) {
        return session.fail({ErrorKind::not_found, "you are not logged in", token_file});
    }
    // cli.yaml may name another by now; it is this one that ends.
    session.settings().token_file = token_file;
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> self = client->get("/session");
    const bool is_users = self && !text_of(*self, "user").empty();
    if (is_users) {
        const Result<json::value> revoked =
            client->remove("/tokens/" + percent_encoded(text_of(*self, "token")));
        if (!revoked) {
            return session.fail(revoked.error());
        }
    } else if (!self && self.error().kind() != ErrorKind::refused) {
        return session.fail(self.error());
    }
    if (auto removed = files.remove(token_file); !removed) {
        return session.fail(removed.error());
    }
    session.say(is_users ? "logged out; the token counts no more" : "logged out");
    return exit_success;
}

int who(Session& session) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> self = client->get("/session");
    if (!self) {
        return session.fail(self.error());
    }
    return session.print(
        {{"NAME", "ROLE", "SITES", "UNTIL"},
         {{{text_of(*self, "name")},
           {text_of(*self, "role")},
           {sites_of(*self)},
           {session.time(member_of(*self, "expires"))}}}},
        *self
    );
}

}  // namespace

void add_login_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand(
        "login",
        "Sign in to --server with name and password, and keep a token for this machine; or keep "
        "the token of --token-file (or standard input)"
    );
    verb->add_option("--user", options->user, "Your name; asked for where a person types");
    verb->add_option("--password-file", options->password_file, "File of your password, or -");
    verb->add_option("--ttl", options->ttl, "How long the token is valid")->capture_default_str();
    verb->callback([&session, options] {
        session.action = [&session, options] { return login(session, *options); };
    });

    app.add_subcommand("logout", "End and forget the token that login kept")->callback([&session] {
        session.action = [&session] { return logout(session); };
    });

    app.add_subcommand("whoami", "Who you are for the collector, and what you may")
        ->callback([&session] { session.action = [&session] { return who(session); }; });

    app.add_subcommand("version", "The version of this program")->callback([&session] {
        session.action = [&session] {
            session.world().out << "muster " MUSTER_VERSION "\n";
            return exit_success;
        };
    });
}

}  // namespace muster::ctl
