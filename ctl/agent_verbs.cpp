#include "base/bytes.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace muster::ctl {

namespace {

struct Options {
    std::string agent;
    std::size_t limit = 100;
    bool for_agent = false;
    std::string ttl = "1h";
    std::string site;
    std::string name;
    int uses = 1;
};

int list(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::array> agents = client->list("/agents", {}, options.limit);
    if (!agents) {
        return session.fail(agents.error());
    }
    Table table{{"NAME", "STATE", "SINCE", "SITE", "HOST", "ADDRESS", "VERSION", "PROBES"}, {}};
    for (const json::value& agent : *agents) {
        const std::string state = text_of(agent, "state");
        table.rows.push_back(
            {{text_of(agent, "name")},
             {state, tone_of_state(state)},
             {session.time(member_of(agent, "state_since"))},
             {text_of(agent, "site")},
             {text_of(agent, "hostname")},
             {text_of(agent, "address")},
             {text_of(agent, "version")},
             {text_of(agent, "probes")}}
        );
    }
    session.print(table, json::value(*agents));
    if (agents->empty()) {
        session.say("no agents; muster token create --agent makes a token with which one enrols");
    }
    return exit_success;
}

int show(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> agent = client->get("/agents/" + percent_encoded(options.agent));
    if (!agent) {
        return session.fail(agent.error());
    }
    Table table{{"FIELD", "VALUE"}, {}};
    for (const char* field :
         {"name", "state", "site", "hostname", "address", "version", "probes", "id"}) {
        const std::string value = text_of(*agent, field);
        if (!value.empty()) {
            table.rows.push_back({{field, Tone::quiet}, {value}});
        }
    }
    for (const char* field : {"state_since", "enrolled", "unobserved_since"}) {
        const std::string value = session.time(member_of(*agent, field));
        if (!value.empty()) {
            table.rows.push_back({{field, Tone::quiet}, {value}});
        }
    }
    return session.print(table, *agent);
}

int create_token(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    json::object body{{"ttl", options.ttl}, {"max_uses", options.uses}};
    if (!options.site.empty()) {
        body["site"] = options.site;
    }
    if (!options.name.empty()) {
        body["name"] = options.name;
    }
    const Result<json::value> created = client->post("/join-tokens", body);
    if (!created) {
        return session.fail(created.error());
    }
    if (session.format() == Format::json) {
        return session.print({}, *created);
    }
    session.world().out << printable(text_of(*created, "token")) << "\n";
    session.world().out.flush();
    session.say(fmt::format(
        "valid until {}; on the agent's machine: muster-agent enrol --collector URL --token-file "
        "FILE",
        printable(text_of(*created, "expires"))
    ));
    return exit_success;
}

}  // namespace

void add_agent_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* agents = app.add_subcommand("agent", "Who probes");
    agents->require_subcommand(1);

    CLI::App* lister = agents->add_subcommand("list", "Agents, by name");
    lister->add_option("--limit", options->limit, "At most this many")->capture_default_str();
    lister->callback([&session, options] {
        session.action = [&session, options] { return list(session, *options); };
    });

    CLI::App* shower = agents->add_subcommand("show", "One agent");
    shower->add_option("AGENT", options->agent, "Its name or id")->required();
    shower->callback([&session, options] {
        session.action = [&session, options] { return show(session, *options); };
    });

    CLI::App* tokens = app.add_subcommand("token", "Tokens");
    tokens->require_subcommand(1);
    CLI::App* create = tokens->add_subcommand("create", "A new token, printed once on stdout");
    create->add_flag("--agent", options->for_agent, "A join token with which an agent enrols")
        ->required();
    create->add_option("--ttl", options->ttl, "How long it is valid")->capture_default_str();
    create->add_option("--uses", options->uses, "How many agents may enrol with it")
        ->capture_default_str();
    create->add_option("--site", options->site, "The site of agents that enrol with it");
    create->add_option("--name", options->name, "The name of the agent that enrols with it");
    create->callback([&session, options] {
        session.action = [&session, options] { return create_token(session, *options); };
    });
}

}  // namespace muster::ctl
