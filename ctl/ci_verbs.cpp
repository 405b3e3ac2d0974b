#include "base/uuid.hpp"
#include "ctl/ci_words.hpp"
#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"

#include <memory>
#include <ostream>

namespace muster::ctl {

namespace {

struct Options {
    std::string ci;
    std::string state;
    std::string ci_class;
    std::string site;
    ListSelection select;
    std::string at;
    std::string known_at;
};

Cell state_cell(const json::value& object) {
    const std::string state = text_of(object, "state");
    return {state, tone_of_state(state)};
}

int list_cis(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    QueryFields query;
    for (const auto& [name, value] : QueryFields{
             {"state", options.state},
             {"class", options.ci_class},
             {"site", options.site},
             {"at", options.at},
             {"known_at", options.known_at}
         }) {
        if (!value.empty()) {
            query[name] = value;
        }
    }
    const Result<Listing> cis = client->list("/cis", query, options.select);
    if (!cis) {
        return session.fail(cis.error());
    }
    Table table{
        {"NAME", "ON", "CLASS", "STATE", "SINCE", "ADDRESS", "SITE", "PROBES", "OPEN INCIDENTS"}, {}
    };
    for (const json::value& ci : cis->items) {
        table.rows.push_back(
            {{text_of(ci, "name")},
             {text_of(ci, "on", "name")},
             {text_of(ci, "class")},
             state_cell(ci),
             {session.time(member_of(ci, "state_since"))},
             {text_of(ci, "address")},
             {text_of(ci, "site")},
             {text_of(ci, "probes")},
             {text_of(ci, "open_incidents")}}
        );
    }
    if (cis->items.empty() && !options.ci_class.empty()) {
        if (const Status known = check_class(*client, options.ci_class); !known) {
            return session.fail(known.error());
        }
    }
    session.print(table, *cis);
    if (cis->items.empty()) {
        const bool is_filtered = query.size() > 0 || !options.select.filter.empty();
        session.say(
            is_filtered ? "no CI is like that; muster ci list shows all"
                        : "no CIs yet; an agent makes one of its machine (muster token create "
                          "--agent), muster apply -f FILE those of its targets"
        );
    }
    return exit_success;
}

Table probe_table(const Session& session, const json::array& probes) {
    Table table{{"CI", "PROBE", "TYPE", "HOST", "FROM", "STATE", "SINCE", "AGENT", "PROBLEM"}, {}};
    for (const json::value& probe : probes) {
        table.rows.push_back(
            {{text_of(probe, "ci", "name")},
             {text_of(probe, "name")},
             {text_of(probe, "type")},
             {text_of(probe, "host")},
             {text_of(probe, "origin"), Tone::quiet},
             state_cell(probe),
             {session.time(member_of(probe, "state_since"))},
             {text_of(probe, "agent", "name")},
             {text_of(probe, "seen")}}
        );
    }
    return table;
}

int list_probes(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    QueryFields query;
    if (!options.ci.empty()) {
        query["ci"] = options.ci;
    }
    if (!options.state.empty()) {
        query["state"] = options.state;
    }
    const Result<Listing> probes = client->list("/probes", query, options.select);
    if (!probes) {
        return session.fail(probes.error());
    }
    session.print(probe_table(session, probes->items), *probes);
    if (probes->items.empty()) {
        session.say(
            query.empty() && options.select.filter.empty()
                ? "no probes yet; targets and policies make them (muster apply -f FILE, "
                  "docs/policies.md)"
                : "no probe is like that; muster probes shows all"
        );
    }
    warn_if_nobody_is_told(session, *client);
    return exit_success;
}

Table facts_of(const Session& session, const json::value& ci) {
    Table table{{"FIELD", "VALUE"}, {}};
    const auto add = [&](const std::string& name, const std::string& value, Tone tone = Tone::plain
                     ) {
        if (!value.empty()) {
            table.rows.push_back({{name, Tone::quiet}, {value, tone}});
        }
    };
    const std::string state = text_of(ci, "state");
    add("name", text_of(ci, "name"));
    add("class", text_of(ci, "class"));
    add("state", state, tone_of_state(state));
    add("since", session.time(member_of(ci, "state_since")));
    add("address", text_of(ci, "address"));
    add("site", text_of(ci, "site"));
    add("service", text_of(ci, "service"));
    const std::string lifecycle = text_of(ci, "lifecycle");
    add("lifecycle", lifecycle, lifecycle == "missing" ? Tone::doubtful : Tone::plain);
    add("missing since", session.time(member_of(ci, "missing")));
    add("known by", text_of(ci, "source"));
    add("known since", session.time(member_of(ci, "created")));
    add("id", text_of(ci, "id"));
    for (const json::value& attribute : items_of(ci, "attributes")) {
        const std::string name = text_of(attribute, "name");
        if (text_of(ci, name).empty()) {  // most facts above are attributes, too
            add(name, text_of(attribute, "value"));
        }
    }
    return table;
}

Table relation_table(const Session& session, const json::array& relations) {
    Table table{{"RELATION", "CI", "CLASS", "STATE", "SINCE"}, {}};
    for (const json::value& relation : relations) {
        const std::string state = text_of(relation, "ci", "state");
        table.rows.push_back(
            {{relation_text(relation)},
             {text_of(relation, "ci", "name")},
             {text_of(relation, "ci", "class")},
             {state, tone_of_state(state)},
             {session.time(member_of(relation, "since"))}}
        );
    }
    return table;
}

int show_ci(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    QueryFields moment;
    if (!options.at.empty()) {
        moment["at"] = options.at;
    }
    if (!options.known_at.empty()) {
        moment["known_at"] = options.known_at;
    }
    const Result<json::value> ci = client->get("/cis/" + percent_encoded(options.ci), moment);
    if (!ci) {
        return session.fail(guessed(*client, ci.error(), "cis", options.ci));
    }
    const std::string path = "/cis/" + percent_encoded(text_of(*ci, "id"));
    const Result<json::value> relations = client->get(path + "/relations", moment);
    if (!relations) {
        return session.fail(relations.error());
    }
    const json::array& related = member_of(*relations, "items").as_array();
    const Result<Listing> probes =
        client->list(path + "/probes", {}, {.limit = no_limit, .filter = {}, .sort = {}});
    if (!probes) {
        return session.fail(probes.error());
    }
    if (session.format() == Format::json) {
        json::value whole = *ci;
        if (json::object* object = whole.if_object(); object != nullptr) {
            (*object)["probe_list"] = probes->items;
            (*object)["relations"] = related;
        }
        return session.print({}, whole);
    }
    session.print(facts_of(session, *ci), *ci);
    if (session.format() == Format::csv) {
        return exit_success;
    }
    if (!related.empty()) {
        session.world().out << "\n";
        session.print(relation_table(session, related), nullptr);
    }
    if (!probes->items.empty()) {
        session.world().out << "\n";
        session.print(probe_table(session, probes->items), nullptr);
    }
    return exit_success;
}

/// The verbs that look at CIs, for those of one class.
void add_class_views(
    CLI::App& app, Session& session, const char* ci_class, const char* about, const char* all
) {
    const auto options = std::make_shared<Options>();
    options->ci_class = ci_class;
    CLI::App* group = app.add_subcommand(ci_class, about);
    group->require_subcommand(1);
    CLI::App* list = group->add_subcommand("list", all);
    add_selection(*list, options->select);
    list->callback([&session, options] {
        session.action = [&session, options] { return list_cis(session, *options); };
    });
    CLI::App* show = group->add_subcommand("show", "One of them, its relations and its probes");
    show->add_option("NAME", options->ci, "Its name or id")->required();
    show->callback([&session, options] {
        session.action = [&session, options] {
            Options one = *options;
            // A site, a machine and an agent may share a name. An id has no colon before it.
            one.ci = Uuid::parse(one.ci) ? one.ci : one.ci_class + ":" + one.ci;
            return show_ci(session, one);
        };
    });
}

}  // namespace

void add_ci_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* group = app.add_subcommand("ci", "What there is");
    group->require_subcommand(1);

    CLI::App* list = group->add_subcommand("list", "Configuration items, by name");
    list->add_option("--class", options->ci_class, "Of one class");
    list->add_option("--state", options->state, "up, degraded, down, unobserved or unproven");
    list->add_option("--site", options->site, "Of one site");
    add_moment(*list, session, "--at", options->at, "As it was then, such as 02:14 or -2h");
    list->add_option(
        "--known-at", options->known_at, "As it was known at a position of the journal"
    );
    add_selection(*list, options->select);
    list->callback([&session, options] {
        session.action = [&session, options] { return list_cis(session, *options); };
    });

    CLI::App* show =
        group->add_subcommand("show", "One configuration item, its relations and its probes");
    show->add_option("CI", options->ci, "Its name or id")->required();
    add_moment(*show, session, "--at", options->at, "As it was then, such as 02:14 or -2h");
    show->add_option(
        "--known-at", options->known_at, "As it was known at a position of the journal"
    );
    show->callback([&session, options] {
        session.action = [&session, options] { return show_ci(session, *options); };
    });

    add_class_views(app, session, "site", "Where things are", "Sites, as `ci list --class site`");
    add_class_views(
        app,
        session,
        "service",
        "What things are for",
        "Service instances, as `ci list --class service`"
    );
    add_class_views(app, session, "team", "Who owns things", "Teams, as `ci list --class team`");

    add_ci_history_verbs(*group, app, session);
    add_ci_change_verbs(*group, session);

    CLI::App* probes = app.add_subcommand("probes", "Probes and how they stand");
    probes->add_option("CI", options->ci, "Of one CI, by name or id");
    probes->add_option(
        "--state", options->state, "ok, warning, critical, unknown, unobserved or unproven"
    );
    add_selection(*probes, options->select);
    probes->callback([&session, options] {
        session.action = [&session, options] { return list_probes(session, *options); };
    });
}

}  // namespace muster::ctl
