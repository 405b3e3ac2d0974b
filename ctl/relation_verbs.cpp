#include "ctl/verbs.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace muster::ctl {

namespace {

struct Options {
    ListSelection select;
    std::string ci;
    std::string type;
    std::string at;
    std::string from;
    std::string to;
    std::string reason;
    std::vector<std::string> relation;
    bool dry_run = false;
};

std::string suffix(const Options& options) {
    return options.dry_run ? "?dry_run=true" : "";
}

std::string end_text(const json::value& relation, const char* end) {
    const json::value& ci = member_of(relation, end);
    const bool is_retired = text_of(ci, "retired") == "true";
    return text_of(ci, "class") + ":" + text_of(ci, "name") + (is_retired ? " (retired)" : "");
}

int list(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    QueryFields query{{"ci", options.ci}, {"type", options.type}, {"at", options.at}};
    std::erase_if(query, [](const auto& field) { return field.second.empty(); });
    const Result<Listing> relations = client->list("/relations", query, options.select);
    if (!relations) {
        return session.fail(relations.error());
    }
    Table table{{"FROM", "RELATION", "TO", "SINCE", "SAID BY"}, {}};
    for (const json::value& relation : relations->items) {
        table.rows.push_back(
            {{end_text(relation, "from")},
             {text_of(relation, "type")},
             {end_text(relation, "to")},
             {session.time(member_of(relation, "since"))},
             {joined(relation, "sources"), Tone::quiet}}
        );
    }
    session.print(table, *relations);
    if (relations->items.empty()) {
        session.say("no relations; muster relation create FROM KIND TO states one");
    }
    return exit_success;
}

int told(
    Session& session, const Options& options, const Result<json::value>& answer, const char* done
) {
    if (!answer) {
        return session.fail(answer.error());
    }
    session.say(
        options.dry_run ? "nothing was changed: it could be done"
                        : std::string(done) + ": " + text_of(*answer, "relation")
    );
    return exit_success;
}

int create(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    json::object body{{"from", options.from}, {"type", options.type}, {"to", options.to}};
    if (!options.reason.empty()) {
        body["reason"] = options.reason;
    }
    return told(session, options, client->post("/relations" + suffix(options), body), "stated");
}

/// The id of what was named: itself, or by both ends and the kind between them.
Result<std::string> id_of(const ApiClient& client, const std::vector<std::string>& relation) {
    if (relation.size() == 1) {
        return relation.front();
    }
    const Result<json::value> from = client.get("/cis/" + percent_encoded(relation[0]));
    if (!from) {
        return failure(from.error());
    }
    const Result<json::value> to = client.get("/cis/" + percent_encoded(relation[2]));
    if (!to) {
        return failure(to.error());
    }
    return relation[1] + ":" + text_of(*from, "id") + ":" + text_of(*to, "id");
}

int remove(Session& session, const Options& options) {
    if (options.relation.size() == 2) {
        return session.fail(
            Error(ErrorKind::invalid, "expected an id, or FROM KIND TO", options.relation.front()),
            exit_usage
        );
    }
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<std::string> id = id_of(*client, options.relation);
    if (!id) {
        return session.fail(id.error());
    }
    const std::string path = "/relations/" + percent_encoded(*id) + suffix(options);
    return told(session, options, client->remove(path), "withdrawn");
}

}  // namespace

void add_relation_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* relations = app.add_subcommand("relation", "How configuration items hang together");
    relations->require_subcommand(1);

    CLI::App* lister = relations->add_subcommand("list", "Relations, of one CI or of all");
    lister->add_option("CI", options->ci, "One of the two ends, by name or id");
    lister->add_option("--type", options->type, "The kind, such as depends_on");
    add_moment(*lister, session, "--at", options->at, "As it was then, such as 02:14 or -2h");
    add_limit(*lister, options->select.limit);
    lister->callback([&session, options] {
        session.action = [&session, options] { return list(session, *options); };
    });

    CLI::App* creator = relations->add_subcommand("create", "States that one holds from now on");
    creator->add_option("FROM", options->from, "A CI, by name or id")->required();
    creator->add_option("KIND", options->type, "What it does: `muster class relations` lists them")
        ->required();
    creator->add_option("TO", options->to, "The other CI")->required();
    creator->add_option("--reason", options->reason, "Stands in the history of both");
    creator->add_flag("--dry-run", options->dry_run, "Only tell whether it could be");
    creator->callback([&session, options] {
        session.action = [&session, options] { return create(session, *options); };
    });

    CLI::App* deleter = relations->add_subcommand("delete", "What was stated of it holds no more");
    deleter->add_option("RELATION", options->relation, "Its id, or FROM KIND TO")
        ->required()
        ->expected(1, 3);
    deleter->add_flag("--dry-run", options->dry_run, "Only tell whether it could be");
    deleter->callback([&session, options] {
        session.action = [&session, options] { return remove(session, *options); };
    });
}

}  // namespace muster::ctl
