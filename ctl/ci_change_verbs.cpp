#include "ctl/ci_words.hpp"
#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster::ctl {

namespace {

struct Options {
    std::string ci;
    std::string other;
    std::string ci_class;
    std::string name;
    std::string reason;
    std::vector<std::string> set;
    std::vector<std::string> unset;
    std::vector<std::string> statements;
    bool dry_run = false;
};

/// What is said by hand of a CI begins as one of its own and joins that CI at once: nobody means it.
std::set<std::string> passing_ids(const json::value& answer) {
    std::set<std::string> created;
    std::set<std::string> passing;
    for (const json::value& each : items_of(answer, "changes")) {
        if (text_of(each, "kind") == "created") {
            created.insert(text_of(each, "ci"));
        } else if (text_of(each, "kind") == "joined" && created.contains(text_of(each, "other"))) {
            passing.insert(text_of(each, "other"));
        }
    }
    return passing;
}

/// What a change does, or would do.
Table changes_of(const json::value& answer) {
    Table table{{"WHAT", "CI", "BEFORE, OR THE OTHER CI", "AFTER, OR WHY"}, {}};
    const std::set<std::string> passing = passing_ids(answer);
    for (const json::value& each : items_of(answer, "changes")) {
        if (passing.contains(text_of(each, "ci")) || passing.contains(text_of(each, "other"))) {
            continue;
        }
        const std::string kind = text_of(each, "kind");
        table.rows.push_back(
            {{identity_text(kind, "")},
             {text_of(each, "name")},
             {text_of(each, "other_name")},
             {identity_reason(kind, text_of(each, "reason"))}}
        );
    }
    for (const json::value& each : items_of(answer, "attributes")) {
        table.rows.push_back(
            {{text_of(each, "attribute")},
             {text_of(each, "name")},
             {text_of(each, "from"), Tone::quiet},
             {text_of(each, "to")}}
        );
    }
    return table;
}

int told(
    Session& session,
    const ApiClient& client,
    const Options& options,
    const Result<json::value>& answer
) {
    if (!answer) {
        return session.fail(guessed(client, answer.error(), "cis", options.ci));
    }
    session.print(changes_of(*answer), *answer);
    session.say(
        options.dry_run ? "nothing was changed: this is what would be"
                        : "done; the CI has the id " + text_of(*answer, "ci")
    );
    return exit_success;
}

std::string suffix(const Options& options) {
    return options.dry_run ? "?dry_run=true" : "";
}

int post(Session& session, const Options& options, const std::string& action, json::object body) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    if (!options.reason.empty()) {
        body["reason"] = options.reason;
    }
    const std::string path = "/cis/" + percent_encoded(options.ci) + action + suffix(options);
    return told(session, *client, options, client->post(path, body));
}

/// "NAME=VALUE" of each; `invalid` for another form.
Result<json::object> pairs_of(const std::vector<std::string>& texts) {
    json::object out;
    for (const std::string& text : texts) {
        const std::size_t at = text.find('=');
        if (at == std::string::npos || at == 0) {
            return failure(ErrorKind::invalid, "expected NAME=VALUE", text);
        }
        out[text.substr(0, at)] = text.substr(at + 1);
    }
    return out;
}

int create(Session& session, const Options& options) {
    Result<json::object> attributes = pairs_of(options.set);
    if (!attributes) {
        return session.fail(attributes.error(), exit_usage);
    }
    (*attributes)["name"] = options.name;
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const json::object body{{"class", options.ci_class}, {"attributes", std::move(*attributes)}};
    return told(session, *client, options, client->post("/cis" + suffix(options), body));
}

int edit(Session& session, const Options& options) {
    Result<json::object> set = pairs_of(options.set);
    if (!set) {
        return session.fail(set.error(), exit_usage);
    }
    json::array unset(options.unset.begin(), options.unset.end());
    if (set->empty() && unset.empty()) {
        return session.fail(
            Error(ErrorKind::invalid, "nothing to change: give --set NAME=VALUE or --unset NAME"),
            exit_usage
        );
    }
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const json::object body{{"set", std::move(*set)}, {"unset", std::move(unset)}};
    const std::string path = "/cis/" + percent_encoded(options.ci) + suffix(options);
    return told(session, *client, options, client->patch(path, body));
}

int split(Session& session, const Options& options) {
    json::array statements;
    for (const std::string& text : options.statements) {
        const std::size_t at = text.find(':');
        if (at == std::string::npos) {
            return session.fail(
                Error(ErrorKind::invalid, "expected SOURCE:OBJECT", text), exit_usage
            );
        }
        statements.push_back(
            json::object{{"source", text.substr(0, at)}, {"object", text.substr(at + 1)}}
        );
    }
    return post(session, options, "/split", {{"statements", std::move(statements)}});
}

using OptionsOf = std::shared_ptr<Options>;

CLI::App* verb(CLI::App& group, const char* name, const char* about, const OptionsOf& options) {
    CLI::App* made = group.add_subcommand(name, about);
    made->add_flag("--dry-run", options->dry_run, "Only tell what it would do");
    return made;
}

CLI::App* verb_of_ci(
    CLI::App& group, const char* name, const char* about, const OptionsOf& options
) {
    CLI::App* made = verb(group, name, about, options);
    made->add_option("CI", options->ci, "Its name or id")->required();
    made->add_option("--reason", options->reason, "Stands in its history");
    return made;
}

/// A verb that is one call with a reason alone, or with the name of another CI.
void add_simple(
    CLI::App& group,
    Session& session,
    const char* name,
    const char* about,
    const char* action,
    const char* other
) {
    const auto options = std::make_shared<Options>();
    CLI::App* made = verb_of_ci(group, name, about, options);
    if (other != nullptr) {
        made->add_option("OTHER", options->other, other)->required();
    }
    made->callback([&session, options, action] {
        session.action = [&session, options, action] {
            json::object body;
            if (!options->other.empty()) {
                body["other"] = options->other;
            }
            return post(session, *options, action, std::move(body));
        };
    });
}

void add_making_verbs(CLI::App& group, Session& session) {
    const auto options = std::make_shared<Options>();
    CLI::App* made = verb(group, "create", "One by hand", options);
    made->add_option("CLASS", options->ci_class, "Its class")->required();
    made->add_option("NAME", options->name, "Its name")->required();
    made->add_option("--set", options->set, "NAME=VALUE, as often as needed");
    made->callback([&session, options] {
        session.action = [&session, options] { return create(session, *options); };
    });

    CLI::App* changed = verb_of_ci(group, "edit", "Pins values, or lets go of them", options);
    changed->add_option("--set", options->set, "NAME=VALUE, as often as needed");
    changed->add_option("--unset", options->unset, "NAME: what is found counts again");
    changed->callback([&session, options] {
        session.action = [&session, options] { return edit(session, *options); };
    });
}

}  // namespace

void add_ci_change_verbs(CLI::App& group, Session& session) {
    add_making_verbs(group, session);
    add_simple(group, session, "retire", "It is no longer in service", "/retire", nullptr);
    add_simple(
        group, session, "merge", "Another one is the same", "/merge", "The other, by name or id"
    );
    add_simple(group, session, "unmerge", "Takes merges by hand back", "/unmerge", nullptr);
    add_simple(
        group,
        session,
        "not-same",
        "Another one is never the same",
        "/not-same",
        "The other, by name or id"
    );
    const auto options = std::make_shared<Options>();
    CLI::App* parted = verb_of_ci(group, "split", "Some of its statements are of another", options);
    parted
        ->add_option(
            "--statement",
            options->statements,
            "SOURCE:OBJECT, as `ci show --output json` names them"
        )
        ->required();
    parted->callback([&session, options] {
        session.action = [&session, options] { return split(session, *options); };
    });
    CLI::App* other = verb_of_ci(group, "reclassify", "It is of another class", options);
    other->add_option("CLASS", options->ci_class, "The class")->required();
    other->callback([&session, options] {
        session.action = [&session, options] {
            return post(session, *options, "/reclassify", {{"class", options->ci_class}});
        };
    });
}

}  // namespace muster::ctl
