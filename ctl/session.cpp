#include "ctl/session.hpp"

#include "config/programs.hpp"

#include <algorithm>
#include <filesystem>
#include <istream>
#include <ostream>
#include <utility>

namespace muster::ctl {

namespace {

constexpr std::size_t largest_ca = 1u << 20;

std::string value_of(const World& world, const std::string& name) {
    const auto found = world.environment.find(name);
    return found == world.environment.end() ? std::string() : found->second;
}

const std::string& first_of(const std::string& a, const std::string& b) {
    return a.empty() ? b : a;
}

std::string text_or_nothing(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : std::string();
}

}  // namespace

Format Session::format() const {
    return settings_.output == "json"  ? Format::json
           : settings_.output == "csv" ? Format::csv
                                       : Format::table;
}

Colours Session::colours() const {
    const bool wanted = world_.output_kind == OutputKind::terminal && !settings_.no_color &&
                        value_of(world_, "NO_COLOR").empty();
    return wanted ? Colours::on : Colours::off;
}

std::string Session::time(const json::value& at) const {
    if (format() == Format::csv) {
        return text_or_nothing(at);
    }
    return human_time(at, world_.clock.wall());
}

std::string Session::exact_time(const json::value& at) const {
    return format() == Format::csv ? text_or_nothing(at) : ctl::exact_time(at);
}

Result<std::string> Session::config_path() const {
    if (!settings_.config_file.empty()) {
        return std::filesystem::absolute(settings_.config_file).lexically_normal().string();
    }
    const std::string xdg = value_of(world_, "XDG_CONFIG_HOME");
    const std::string home = value_of(world_, "HOME");
    if (xdg.empty() && home.empty()) {
        return failure(
            ErrorKind::not_found, "neither HOME nor XDG_CONFIG_HOME is set; give --config FILE"
        );
    }
    return (xdg.empty() ? home + "/.config" : xdg) + "/muster/cli.yaml";
}

Result<config::CliConfig> Session::known() const {
    const Result<std::string> path = config_path();
    if (path && world_.files.exists(*path)) {
        return config::load_cli_config(world_.files, *path);
    }
    return config::CliConfig{};
}

Result<ApiClient> Session::connect() const {
    const Result<config::CliConfig> loaded = known();
    if (!loaded) {
        return failure(loaded.error());
    }
    const config::CliConfig& config = *loaded;
    if (!settings_.config_file.empty() && !world_.files.exists(*config_path())) {
        return failure(ErrorKind::not_found, "there is no such file", settings_.config_file);
    }
    const std::string server =
        first_of(settings_.server, first_of(value_of(world_, "MUSTER_SERVER"), config.server));
    if (server.empty()) {
        return failure(
            ErrorKind::invalid,
            "which collector? Give --server https://HOST:8443, set MUSTER_SERVER, or run muster "
            "login once"
        );
    }
    const std::string token_file = first_of(settings_.token_file, config.token_file);
    if (token_file.empty()) {
        return failure(
            ErrorKind::invalid, "no token: give --token-file FILE, or run muster login once"
        );
    }
    if (!world_.files.exists(token_file)) {
        return failure(
            ErrorKind::not_found,
            "you are not logged in: muster login, or give another token with --token-file",
            token_file
        );
    }
    Result<Secret> token = read_secret_file(world_.files, token_file);
    if (!token) {
        return failure(token.error());
    }
    const std::string ca_file = first_of(settings_.ca_file, config.ca_file);
    std::string ca_pem;
    if (!ca_file.empty()) {
        Result<std::string> text = read_file(world_.files, ca_file, largest_ca);
        if (!text) {
            return failure(text.error());
        }
        ca_pem = std::move(*text);
    }
    return ApiClient::open(server, std::move(*token), std::move(ca_pem));
}

Result<Secret> Session::read_secret(const std::string& file, const std::string& prompt) const {
    if (!file.empty() && file != "-") {
        return read_secret_file(world_.files, file);
    }
    if (file.empty() && world_.ask_secret) {
        return world_.ask_secret(prompt);
    }
    std::string line;
    std::getline(world_.in, line);
    if (line.empty()) {
        return failure(
            ErrorKind::invalid, "nothing on standard input", prompt.substr(0, prompt.find(": "))
        );
    }
    return Secret(std::move(line));
}

void Session::know_moment(const std::string& option, std::string& text, Sought sought) {
    moments_.push_back({option, &text, sought});
}

Status Session::read_moments() {
    for (const Moment& given : moments_) {
        if (given.text->empty()) {
            continue;
        }
        Result<std::string> read = moment(*given.text, world_.clock.wall(), given.sought);
        if (!read) {
            return failure(read.error(), given.option);
        }
        *given.text = std::move(*read);
    }
    return {};
}

int Session::print(const Table& table, const json::value& value) const {
    switch (format()) {
        case Format::json:
            world_.out << render_json(value);
            break;
        case Format::csv:
            world_.out << render_csv(table);
            break;
        case Format::table:
            world_.out << render_table(table, colours());
            break;
    }
    world_.out.flush();
    return exit_success;
}

int Session::print(const Table& table, const Listing& listing) const {
    print(table, json::value(listing.items));
    if (listing.has_more) {
        world_.err << "there are more than these " << listing.items.size() << ": --limit N\n";
    }
    return exit_success;
}

void Session::say(const std::string& sentence) const {
    if (format() != Format::json) {
        world_.err << sentence << "\n";
    }
}

int Session::fail(const Error& error, int code) const {
    world_.err << "muster: " << error.text() << "\n";
    return code;
}

CLI::Option* add_moment(
    CLI::App& verb,
    Session& session,
    const std::string& option,
    std::string& text,
    const std::string& help,
    Sought sought
) {
    session.know_moment(option, text, sought);
    return verb.add_option(option, text, help);
}

void add_limit(CLI::App& verb, std::size_t& limit) {
    const auto checked = [](const std::string& text) {
        const bool is_nothing = text.find_first_not_of('0') == std::string::npos;
        return std::string(is_nothing ? "expected 1 or more" : "");
    };
    verb.add_option("--limit", limit, "At most this many")->check(checked)->capture_default_str();
}

void add_selection(CLI::App& verb, ListSelection& select) {
    add_limit(verb, select.limit);
    verb.add_option("--filter", select.filter, "Those that a query matches: \"site = HQ\"");
    verb.add_option("--sort", select.sort, "By this field; -FIELD the other way round");
}

std::string incident_path(const std::string& name) {
    std::string upper = name;
    std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return "/incidents/" + percent_encoded(upper.starts_with("INC-") ? upper : name);
}

}  // namespace muster::ctl
