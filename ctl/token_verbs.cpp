#include "base/bytes.hpp"
#include "base/time.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

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
    std::vector<std::string> from;
    int uses = 1;
};

std::string list_path(const Options& options) {
    return options.for_agent ? "/join-tokens" : "/tokens";
}

/// How many agents a join token still enrols.
std::int64_t uses_left(const json::value& token) {
    const json::value& most = member_of(token, "max_uses");
    const json::value& uses = member_of(token, "uses");
    return most.is_number() && uses.is_number()
               ? std::max<std::int64_t>(
                     most.to_number<std::int64_t>() - uses.to_number<std::int64_t>(), 0
                 )
               : 0;
}

Cell state_of(const Session& session, const json::value& token) {
    if (text_of(token, "revoked") == "true") {
        return {"revoked", Tone::bad};
    }
    const auto expires = parse_rfc3339(text_of(token, "expires"));
    const bool is_over = expires && *expires <= session.world().clock.wall();
    if (is_over) {
        return {"expired", Tone::bad};
    }
    const json::value& most = member_of(token, "max_uses");
    return most.is_number() && uses_left(token) == 0 ? Cell{"spent", Tone::quiet} : Cell{"valid"};
}

std::vector<Cell> join_row(const Session& session, const json::value& token) {
    return {
        {text_of(token, "id")},
        {text_of(token, "name")},
        {text_of(token, "site")},
        {joined(token, "from", " ")},
        {fmt::format("{} of {}", uses_left(token), text_of(token, "max_uses"))},
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

Table join_table() {
    return {{"JOIN TOKEN", "NAME", "SITE", "FROM", "USES LEFT", "UNTIL", "BY", "STATE"}, {}};
}

/// Those with which an agent can still enrol, below the API tokens; nothing for those who may not see them.
void print_usable_join_tokens(Session& session, const ApiClient& client) {
    const Result<Listing> tokens =
        client.list("/join-tokens", {}, {.limit = no_limit, .filter = {}, .sort = {}});
    if (!tokens) {
        return;
    }
    Table table = join_table();
    for (const json::value& token : tokens->items) {
        if (state_of(session, token).text == "valid") {
            table.rows.push_back(join_row(session, token));
        }
    }
    if (!table.rows.empty()) {
        session.world().out << "\n";
        session.print(table, nullptr);
    }
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
    Table table{{"ID", "NAME", "OWNER", "ROLE", "SITES", "LAST USED", "EXPIRES", "STATE"}, {}};
    if (options.for_agent) {
        table = join_table();
    }
    for (const json::value& token : tokens->items) {
        table.rows.push_back(
            options.for_agent ? join_row(session, token) : api_row(session, token)
        );
    }
    const int code = session.print(table, *tokens);
    // In JSON and CSV a list is of one kind.
    if (!options.for_agent && session.format() == Format::table) {
        print_usable_join_tokens(session, *client);
    }
    return code;
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
    if (!options.from.empty()) {
        json::array networks;
        for (const std::string& network : options.from) {
            networks.emplace_back(network);
        }
        body["from"] = std::move(networks);
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
    if (!options.for_agent && !options.from.empty()) {
        return session.fail(
            {ErrorKind::invalid, "--from is for join tokens: add --agent"}, exit_usage
        );
    }
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
        if (const std::string why = text_of(*created, "warning"); !why.empty()) {
            session.say("warning: " + printable(why));
        }
    }
    return exit_success;
}

int revoke(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const std::string id = "/" + percent_encoded(options.id);
    Result<json::value> revoked = client->remove(list_path(options) + id);
    if (!revoked && !options.for_agent && revoked.error().kind() == ErrorKind::not_found) {
        // It may be a join token, which the same list shows. Where it is none either, the first answer stands.
        if (Result<json::value> other = client->remove("/join-tokens" + id)) {
            revoked = std::move(other);
        }
    }
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

    CLI::App* lister = tokens->add_subcommand(
        "list", "API tokens, and those with which agents can still enrol; never secrets"
    );
    lister->add_flag(
        "--agent", options->for_agent, "Join tokens alone, also those that are spent or over"
    );
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
    creator->add_option(
        "--name",
        options->name,
        "The agent's name, or a pattern such as 'edge-*'; what an API token is for"
    );
    creator->add_option(
        "--from", options->from, "A network from which agents may come with it, such as 10.0.0.0/8"
    );
    creator->callback([&session, options] {
        session.action = [&session, options] { return create(session, *options); };
    });

    CLI::App* revoker = tokens->add_subcommand("revoke", "The token counts no more");
    revoker->add_option("ID", options->id, "Its id, as in the list")->required();
    revoker->add_flag("--agent", options->for_agent, "Look among the join tokens alone");
    revoker->callback([&session, options] {
        session.action = [&session, options] { return revoke(session, *options); };
    });
}

}  // namespace muster::ctl
