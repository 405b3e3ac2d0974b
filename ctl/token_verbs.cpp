#include "base/bytes.hpp"
#include "base/time.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace muster::ctl {

namespace {

struct Options {
    ListSelection select;
    bool for_agent = false;
    bool for_program = false;
    std::string ttl;
    std::string site;
    std::string role;
    std::string name;
    std::string id;
    int uses = 1;
};

std::string list_path(const Options& options) {
    return options.for_agent ? "/join-tokens" : "/tokens";
}

Cell state_of(const Session& session, const json::value& token) {
    if (text_of(token, "revoked") == "true") {
        return {"revoked", Tone::bad};
    }
    const auto expires = parse_rfc3339(text_of(token, "expires"));
    const bool is_over = expires && *expires <= session.world().clock.wall();
    return is_over ? Cell{"expired", Tone::bad} : Cell{"valid"};
}

std::vector<Cell> join_row(const Session& session, const json::value& token) {
    return {
        {text_of(token, "id")},
        {text_of(token, "name")},
        {text_of(token, "site")},
        {text_of(token, "uses") + "/" + text_of(token, "max_uses")},
        {session.time(member_of(token, "expires"))},
        {text_of(token, "created_by")},
        state_of(session, token)
    };
}

std::vector<Cell> api_row(const Session& session, const json::value& token) {
    return {
        {text_of(token, "id")},
        {text_of(token, "name")},
        {text_of(token, "owner")},
        {text_of(token, "role")},
        {sites_of(token)},
        {session.time(member_of(token, "last_used"))},
        {session.time(member_of(token, "expires"))},
        state_of(session, token)
    };
}

int list(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<Listing> tokens = client->list(list_path(options), {}, options.select);
    if (!tokens) {
        return session.fail(tokens.error());
    }
    Table table;
    table.titles =
        options.for_agent
            ? std::vector<std::string>{"ID", "NAME", "SITE", "USES", "EXPIRES", "BY", "STATE"}
            : std::vector<std::string>{
                  "ID", "NAME", "OWNER", "ROLE", "SITES", "LAST USED", "EXPIRES", "STATE"
              };
    for (const json::value& token : tokens->items) {
        table.rows.push_back(
            options.for_agent ? join_row(session, token) : api_row(session, token)
        );
    }
    return session.print(table, *tokens);
}

json::object join_body(const Options& options) {
    json::object body{
        {"ttl", options.ttl.empty() ? "1h" : options.ttl}, {"max_uses", options.uses}
    };
    if (!options.site.empty()) {
        body["site"] = options.site;
    }
    if (!options.name.empty()) {
        body["name"] = options.name;
    }
    return body;
}

json::object api_body(const Options& options) {
    json::object body{{"name", options.name}};
    if (!options.ttl.empty()) {
        body["ttl"] = options.ttl;
    }
    if (!options.role.empty()) {
        body["role"] = options.role;
    }
    if (!options.site.empty()) {
        body["sites"] = json::array{json::string(options.site)};
    }
    if (options.for_program) {
        body["kind"] = "program";
    }
    return body;
}

/// The collector as another machine calls it: as it says itself, unless this was said otherwise for this command.
std::string address_for_others(Session& session, const json::value& created) {
    const Result<wire::UrlParts> said = wire::parse_url(session.settings().server);
    const bool is_near = said && (said->host == "localhost" || said->host == "::1" ||
                                  said->host.starts_with("127."));
    return said && !is_near ? session.settings().server : printable(text_of(created, "address"));
}

/// To be copied. The token is an argument of the shell's own echo, so that it does not stand in the list of processes; where
/// it went into a file, the file is named instead of telling it twice.
std::string enrol_line(Session& session, const json::value& created) {
    const std::string token = printable(text_of(created, "token"));
    const std::string command =
        "muster-agent enrol --collector " + address_for_others(session, created) + " --token-file ";
    return session.world().output_kind == OutputKind::terminal
               ? "echo '" + token + "' | " + command + "-"
               : command + "FILE";
}

int create(Session& session, const Options& options) {
    if (!options.for_agent && options.name.empty()) {
        return session.fail(
            {ErrorKind::invalid,
             "what for? --agent for a join token, or --name NAME for an API token"},
            exit_usage
        );
    }
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> created = client->post(
        list_path(options), options.for_agent ? join_body(options) : api_body(options)
    );
    if (!created) {
        return session.fail(created.error());
    }
    if (session.format() == Format::json) {
        return session.print({}, *created);
    }
    session.world().out << printable(text_of(*created, "token")) << "\n";
    session.world().out.flush();
    session.say(fmt::format(
        "valid until {}; {}",
        printable(text_of(*created, "expires")),
        options.for_agent ? "on the agent's machine:" : "it is not shown again"
    ));
    if (options.for_agent) {
        session.say("  " + enrol_line(session, *created));
    }
    return exit_success;
}

int revoke(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> revoked =
        client->remove(list_path(options) + "/" + percent_encoded(options.id));
    if (!revoked) {
        return session.fail(revoked.error());
    }
    session.say("revoked " + options.id);
    return exit_success;
}

}  // namespace

void add_token_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* tokens =
        app.add_subcommand("token", "API tokens, and the tokens with which agents enrol");
    tokens->require_subcommand(1);

    CLI::App* lister = tokens->add_subcommand("list", "Tokens, without their secrets");
    lister->add_flag("--agent", options->for_agent, "Join tokens");
    add_selection(*lister, options->select);
    lister->callback([&session, options] {
        session.action = [&session, options] { return list(session, *options); };
    });

    CLI::App* creator = tokens->add_subcommand("create", "A new token, printed once on stdout");
    creator->add_flag("--agent", options->for_agent, "A join token with which an agent enrols");
    creator->add_flag("--program", options->for_program, "An API token of no user");
    creator->add_option(
        "--ttl", options->ttl, "How long it is valid (1h for an agent, 90d otherwise)"
    );
    creator->add_option("--uses", options->uses, "How many agents may enrol with it")
        ->capture_default_str();
    creator->add_option("--role", options->role, "metrics, viewer, operator or administrator")
        ->check(CLI::IsMember({"metrics", "viewer", "operator", "administrator"}));
    creator->add_option("--site", options->site, "The agent's site; what an API token sees alone");
    creator->add_option("--name", options->name, "The agent's name; what an API token is for");
    creator->callback([&session, options] {
        session.action = [&session, options] { return create(session, *options); };
    });

    CLI::App* revoker = tokens->add_subcommand("revoke", "The token counts no more");
    revoker->add_option("ID", options->id, "Its id, as in the list")->required();
    revoker->add_flag("--agent", options->for_agent, "It is a join token");
    revoker->callback([&session, options] {
        session.action = [&session, options] { return revoke(session, *options); };
    });
}

}  // namespace muster::ctl
