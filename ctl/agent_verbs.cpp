#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"

#include <memory>
#include <utility>

namespace muster::ctl {

namespace {

struct Options {
    std::string agent;
    ListSelection select;
};

int list(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<Listing> agents = client->list("/agents", {}, options.select);
    if (!agents) {
        return session.fail(agents.error());
    }
    Table table{{"NAME", "STATE", "SINCE", "SITE", "HOST", "ADDRESS", "VERSION", "PROBES"}, {}};
    for (const json::value& agent : agents->items) {
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
    session.print(table, *agents);
    if (agents->items.empty()) {
        session.say("no agents yet; muster token create --agent makes a token with which one enrols"
        );
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
        return session.fail(guessed(*client, agent.error(), "agents", options.agent));
    }
    Table table{{"FIELD", "VALUE"}, {}};
    for (const char* field :
         {"name", "state", "site", "hostname", "address", "version", "probes", "id"}) {
        const std::string value = text_of(*agent, field);
        if (!value.empty()) {
            table.rows.push_back({{field, Tone::quiet}, {value}});
        }
    }
    for (const auto& [field, name] :
         {std::pair("state_since", "in this state since"),
          std::pair("enrolled", "enrolled"),
          std::pair("unobserved_since", "unobserved since")}) {
        const std::string value = session.time(member_of(*agent, field));
        if (!value.empty()) {
            table.rows.push_back({{name, Tone::quiet}, {value}});
        }
    }
    return session.print(table, *agent);
}

int revoke(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> done =
        client->post("/agents/" + percent_encoded(options.agent) + "/revoke", {});
    if (!done) {
        return session.fail(guessed(*client, done.error(), "agents", options.agent));
    }
    if (session.format() == Format::json) {
        return session.print({}, *done);
    }
    session.say("revoked " + options.agent + "; its certificate counts no more");
    return exit_success;
}

}  // namespace

void add_agent_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* agents = app.add_subcommand("agent", "Who probes");
    agents->require_subcommand(1);

    CLI::App* lister = agents->add_subcommand("list", "Agents, by name");
    add_selection(*lister, options->select);
    lister->callback([&session, options] {
        session.action = [&session, options] { return list(session, *options); };
    });

    CLI::App* shower = agents->add_subcommand("show", "One agent");
    shower->add_option("AGENT", options->agent, "Its name or id")->required();
    shower->callback([&session, options] {
        session.action = [&session, options] { return show(session, *options); };
    });

    CLI::App* revoker =
        agents->add_subcommand("revoke", "Its certificate counts no more, its link ends");
    revoker->add_option("AGENT", options->agent, "Its name or id")->required();
    revoker->callback([&session, options] {
        session.action = [&session, options] { return revoke(session, *options); };
    });
}

}  // namespace muster::ctl
