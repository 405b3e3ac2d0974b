// What people do with incidents: one, or all that a query matches. Looking at them is in incident_verbs.cpp.
#include "base/bytes.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace muster::ctl {

namespace {

/// Options of all verbs; each uses what it adds.
struct WorkOptions {
    std::string incident;
    std::string text;
    std::string all;
    bool yes = false;
    std::string code;
    std::string reason;
    std::string team;
    std::string type;
    std::string other;
    std::string title;
    std::string kind;
    std::string urgency;
    std::string impact;
    std::string ci;
    std::string site;
    std::string description;
    std::string assignee;
    std::string reporter;
};

/// One verb: what the API calls it and what is said afterwards.
struct Verb {
    const char* path;               ///< "resolve": POST …/resolve; empty: PATCH the incident itself
    const char* action;             ///< in POST /incidents/actions
    const char* done;               ///< "resolved"
    const char* missing = nullptr;  ///< what is said where the body must say something and does not
};

using Body = json::object (*)(const WorkOptions& options);

void put(json::object& body, std::string_view name, const std::string& value) {
    if (!value.empty()) {
        body[name] = value;
    }
}

std::int64_t number_of(const json::value& answer, std::string_view member) {
    const json::value& value = member_of(answer, member);
    return value.is_int64() ? value.get_int64() : 0;
}

json::object text_body(const WorkOptions& options) {
    json::object body;
    put(body, "text", options.text);
    return body;
}

int change_one(Session& session, const WorkOptions& options, const Verb& verb, Body body) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const std::string path = incident_path(options.incident);
    const bool is_patch = *verb.path == '\0';
    const Result<json::value> answer = is_patch
                                           ? client->patch(path, body(options))
                                           : client->post(path + "/" + verb.path, body(options));
    if (!answer) {
        return session.fail(answer.error());
    }
    if (session.format() == Format::json) {
        return session.print({}, *answer);
    }
    session.say(printable(
        fmt::format("{} {}: {}", text_of(*answer, "id"), verb.done, text_of(*answer, "title"))
    ));
    return exit_success;
}

/// What became of each incident of an action, or would become of it.
Table results_table(const json::value& answer) {
    Table table{{"INCIDENT", "RESULT", "TITLE"}, {}};
    for (const json::value& each : items_of(answer, "results")) {
        const std::string refused = text_of(each, "detail");
        table.rows.push_back(
            {{text_of(each, "id")},
             {refused.empty() ? text_of(each, "state") : refused,
              refused.empty() ? Tone::good : Tone::bad},
             {text_of(each, "title")}}
        );
    }
    return table;
}

/// "3 incidents match; with --yes 2 of them are resolved, 1 does not allow it"
std::string preview_text(std::int64_t matched, std::int64_t allowed, const Verb& verb) {
    const auto counted = [](std::int64_t many, const char* one, const char* more) {
        return fmt::format("{} {}", many, many == 1 ? one : more);
    };
    const std::string found = counted(matched, "incident matches", "incidents match");
    const std::int64_t refused = matched - allowed;
    if (refused == 0) {
        return fmt::format(
            "{}; with --yes {} {}", found, matched == 1 ? "it is" : "they are", verb.done
        );
    }
    if (allowed == 0) {
        return fmt::format("{}; none can be {} now", found, verb.done);
    }
    return fmt::format(
        "{}; with --yes {} {}, {} it",
        found,
        counted(allowed, "of them is", "of them are"),
        verb.done,
        counted(refused, "does not allow", "do not allow")
    );
}

/// `--all`; without `--yes` the collector is only asked what would become of each.
int change_all(Session& session, const WorkOptions& options, const Verb& verb, Body body) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    json::object action = body(options);
    action["action"] = verb.action;
    action["q"] = options.all;
    if (!options.yes) {
        action["dry_run"] = true;
    }
    const Result<json::value> answer = client->post("/incidents/actions", action);
    if (!answer) {
        return session.fail(answer.error());
    }
    session.print(results_table(*answer), *answer);
    const std::int64_t done = number_of(*answer, "done");
    const std::int64_t matched = number_of(*answer, "matched");
    if (!options.yes) {
        session.say(preview_text(matched, done, verb));
        return exit_success;
    }
    session.say(fmt::format("{} of {} incidents {}", done, matched, verb.done));
    return done == matched ? exit_success : exit_failed;
}

/// Whether nothing is said where something must be.
bool is_wordless(const WorkOptions& options, const Verb& verb, Body body) {
    return verb.missing != nullptr && body(options).empty();
}

/// `--all` leaves no incident to name: what was written in its place is the text.
int run(Session& session, WorkOptions options, const Verb& verb, Body body) {
    const auto wrong_usage = [&session](const char* what) {
        return session.fail(Error(ErrorKind::invalid, what), exit_usage);
    };
    if (options.all.empty()) {
        if (options.incident.empty()) {
            return wrong_usage("expected an incident, or --all QUERY");
        }
        if (is_wordless(options, verb, body)) {
            return wrong_usage(verb.missing);
        }
        return change_one(session, options, verb, body);
    }
    if (options.text.empty()) {
        options.text = std::exchange(options.incident, std::string());
    }
    if (!options.incident.empty()) {
        return wrong_usage("expected either an incident or --all QUERY");
    }
    if (is_wordless(options, verb, body)) {
        return wrong_usage(verb.missing);
    }
    return change_all(session, options, verb, body);
}

using Options = std::shared_ptr<WorkOptions>;

CLI::App* add_verb(
    CLI::App& group,
    Session& session,
    const Options& options,
    const std::string& name,
    const std::string& help,
    const Verb& verb,
    Body body
) {
    CLI::App* app = group.add_subcommand(name, help);
    app->add_option("INCIDENT", options->incident, "Its number: 31 or INC-31");
    app->add_option("--all", options->all, "Instead: all that this query matches");
    app->add_flag("--yes", options->yes, "Do it; without, --all shows what it would do");
    app->callback([&session, options, verb, body] {
        session.action = [&session, options, verb, body] {
            return run(session, *options, verb, body);
        };
    });
    return app;
}

json::object assign_body(const WorkOptions& options) {
    json::object body;
    put(body, "assignee", options.text);
    put(body, "team", options.team);
    return body;
}

json::object pending_body(const WorkOptions& options) {
    json::object body = text_body(options);
    body["reason"] = options.reason;
    return body;
}

json::object resolve_body(const WorkOptions& options) {
    json::object body = text_body(options);
    put(body, "code", options.code);
    return body;
}

json::object edit_body(const WorkOptions& options) {
    json::object body;
    put(body, "title", options.title);
    put(body, "urgency", options.urgency);
    put(body, "impact", options.impact);
    put(body, "kind", options.kind);
    return body;
}

int link(Session& session, const WorkOptions& options) {
    return change_one(session, options, {"links", "link", "linked"}, [](const WorkOptions& its) {
        return json::object{{"type", its.type}, {"to", its.other}};
    });
}

int create(Session& session, const WorkOptions& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    json::object body{{"title", options.title}};
    put(body, "kind", options.kind);
    put(body, "urgency", options.urgency);
    put(body, "ci", options.ci);
    put(body, "site", options.site);
    put(body, "description", options.description);
    put(body, "team", options.team);
    put(body, "assignee", options.assignee);
    put(body, "reporter", options.reporter);
    const Result<json::value> answer = client->post("/incidents", body);
    if (!answer) {
        return session.fail(answer.error());
    }
    if (session.format() == Format::json) {
        return session.print({}, *answer);
    }
    session.say(printable(fmt::format(
        "{} opened, priority {}: {}",
        text_of(*answer, "id"),
        text_of(*answer, "priority"),
        text_of(*answer, "title")
    )));
    return exit_success;
}

void add_create(CLI::App& group, Session& session, const Options& options) {
    CLI::App* app = group.add_subcommand("create", "Report an incident");
    app->add_option("TITLE", options->title, "What is wrong, in one line")->required();
    app->add_option("--kind", options->kind, "reported, request or complaint")
        ->check(CLI::IsMember({"reported", "request", "complaint"}));
    app->add_option("--urgency", options->urgency, "high, medium or low")
        ->check(CLI::IsMember({"high", "medium", "low"}));
    app->add_option("--ci", options->ci, "What it is about, by name or id");
    app->add_option("--site", options->site, "Where it is");
    app->add_option("--description", options->description, "What was seen");
    app->add_option("--team", options->team, "Who owns it");
    app->add_option("--assignee", options->assignee, "Who works on it");
    app->add_option("--reporter", options->reporter, "Who reported it; you, unless you say");
    app->callback([&session, options] {
        session.action = [&session, options] { return create(session, *options); };
    });
}

void add_link(CLI::App& group, Session& session, const Options& options) {
    CLI::App* app = group.add_subcommand("link", "Say what it is of another incident");
    app->add_option("INCIDENT", options->incident, "Its number: 31 or INC-31")->required();
    app->add_option("TYPE", options->type, "duplicate_of, caused_by, related or parent")
        ->required()
        ->check(CLI::IsMember({"duplicate_of", "caused_by", "related", "parent"}));
    app->add_option("OTHER", options->other, "The other's number")->required();
    app->callback([&session, options] {
        session.action = [&session, options] { return link(session, *options); };
    });
}

void add_edit(CLI::App& group, Session& session, const Options& options) {
    CLI::App* app = add_verb(
        group,
        session,
        options,
        "edit",
        "Change its title, urgency, impact or kind",
        {"", "edit", "changed", "nothing to change: give --title, --urgency, --impact or --kind"},
        edit_body
    );
    app->add_option("--title", options->title, "What is wrong, in one line");
    app->add_option("--urgency", options->urgency, "high, medium or low");
    app->add_option("--impact", options->impact, "high, medium or low, instead of the estimate");
    app->add_option("--kind", options->kind, "reported, request or complaint");
}

}  // namespace

void add_incident_work_verbs(CLI::App& group, Session& session) {
    // Owned by the callbacks and by the options that write into it.
    const auto options = std::make_shared<WorkOptions>();
    const auto add =
        [&](const std::string& name, const std::string& help, const Verb& verb, Body body) {
            return add_verb(group, session, options, name, help, verb, body);
        };
    const auto nothing = [](const WorkOptions&) { return json::object{}; };
    add_create(group, session, options);
    add_edit(group, session, options);
    add("ack", "Say that you have seen it", {"acknowledge", "acknowledge", "acknowledged"}, nothing)
        ->alias("acknowledge");
    CLI::App* assign =
        add("assign",
            "Say who works on it",
            {"assign", "assign", "assigned", "expected who works on it, or --team TEAM"},
            assign_body);
    assign->add_option("ASSIGNEE", options->text, "Who");
    assign->add_option("--team", options->team, "Which team owns it");
    add("take", "Work on it yourself from now on", {"take", "take", "taken"}, nothing);
    CLI::App* pending =
        add("pending",
            "Say that it waits for something",
            {"pending", "pending", "waiting"},
            pending_body);
    pending->add_option("TEXT", options->text, "What it waits for");
    pending
        ->add_option(
            "--reason",
            options->reason,
            "supplier, customer, change, spare_part, observation or other"
        )
        ->required()
        ->check(
            CLI::IsMember({"supplier", "customer", "change", "spare_part", "observation", "other"})
        );
    add("resume", "Say that it waits no more", {"resume", "resume", "resumed"}, text_body)
        ->add_option("TEXT", options->text, "Why");
    CLI::App* resolve =
        add("resolve", "Say that it is over", {"resolve", "resolve", "resolved"}, resolve_body);
    resolve->add_option("TEXT", options->text, "What it was");
    resolve->add_option("--code", options->code, "Why it is over, as a code, such as fixed");
    add("reopen", "Say that it is not over", {"reopen", "reopen", "reopened"}, text_body)
        ->add_option("TEXT", options->text, "Why");
    add("cancel",
        "Say that it is no incident",
        {"cancel", "cancel", "cancelled", "expected a text: why it is no incident"},
        text_body)
        ->add_option("TEXT", options->text, "Why not");
    add("close", "Say that it is over for good", {"close", "close", "closed"}, text_body)
        ->add_option("TEXT", options->text, "What the reporter said, if that is not you");
    add("comment",
        "Add a remark to its timeline",
        {"comments", "comment", "commented", "expected a text: the remark"},
        text_body)
        ->add_option("TEXT", options->text, "The remark");
    add_link(group, session, options);
}

}  // namespace muster::ctl
