#include "base/bytes.hpp"
#include "base/time.hpp"
#include "config/query.hpp"
#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <ostream>
#include <string>

namespace muster::ctl {

namespace {

struct WindowOptions {
    std::string window;
    std::string scope;
    std::string length;
    std::string from;
    std::string to;
    std::string reason;
    std::string text;
    std::string state = "open";
    std::string ci;
    ListSelection select = {.limit = 50, .filter = "", .sort = ""};
    bool all = false;
};

/// "3", "win-3" → "WIN-3"
std::string window_path(const std::string& name) {
    const bool is_prefixed = name.starts_with("WIN-") || name.starts_with("win-");
    return "/windows/WIN-" + percent_encoded(is_prefixed ? name.substr(4) : name);
}

/// A query is what reads as one; everything else names a CI.
void put_scope(json::object& body, const std::string& scope) {
    body[config::Query::parse(scope) ? "match" : "ci"] = scope;
}

void add_fact(Table& table, const std::string& name, const std::string& value) {
    if (!value.empty()) {
        table.rows.push_back({{name, Tone::quiet}, {value}});
    }
}

int create(Session& session, const WindowOptions& options) {
    if (!options.length.empty() && !parse_duration(options.length)) {
        return session.fail(
            {ErrorKind::invalid,
             "expected a duration such as 2h or 30m",
             "--for: " + printable(options.length)},
            exit_usage
        );
    }
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    json::object body{{"reason", options.reason}};
    put_scope(body, options.scope);
    if (!options.length.empty()) {
        body["for"] = options.length;
    }
    if (!options.from.empty()) {
        body["from"] = options.from;
    }
    if (!options.to.empty()) {
        body["to"] = options.to;
    }
    const Result<json::value> answer = client->post("/windows", body);
    if (!answer) {
        const std::string named = body.contains("ci") ? options.scope : std::string();
        return session.fail(guessed(*client, answer.error(), "cis", named));
    }
    if (session.format() == Format::json) {
        return session.print({}, *answer);
    }
    const std::string members = text_of(*answer, "members");
    const bool is_planned = text_of(*answer, "state") == "planned";
    session.say(printable(fmt::format(
        "{} {}: {} {}until {}, {} {} {}",
        text_of(*answer, "id"),
        text_of(*answer, "state"),
        text_of(*answer, "scope"),
        is_planned ? "from " + session.time(member_of(*answer, "from")) + " " : "",
        session.time(member_of(*answer, "to")),
        is_planned ? "would cover as of now" : "covers",
        members,
        members == "1" ? "CI" : "CIs"
    )));
    if (members == "0") {
        session.say(
            "warning: nothing matches it now; muster ci list --filter shows what a query finds"
        );
    }
    return exit_success;
}

int list(Session& session, const WindowOptions& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    QueryFields query;
    if (!options.all) {
        query["state"] = options.state;
    }
    if (!options.ci.empty()) {
        query["ci"] = options.ci;
    }
    const Result<Listing> windows = client->list("/windows", query, options.select);
    if (!windows) {
        return session.fail(windows.error());
    }
    Table table{{"WINDOW", "STATE", "FROM", "TO", "CIS", "SCOPE", "REASON"}, {}};
    for (const json::value& window : windows->items) {
        table.rows.push_back(
            {{text_of(window, "id")},
             {text_of(window, "state")},
             {session.time(member_of(window, "from"))},
             {session.time(member_of(window, "to"))},
             {text_of(window, "covers")},
             {text_of(window, "scope")},
             {text_of(window, "reason")}}
        );
    }
    session.print(table, *windows);
    if (windows->items.empty()) {
        session.say(
            (options.all ? "no windows" : "no " + options.state + " windows") +
            std::string("; muster window start CI --for 2h --reason TEXT makes one") +
            (options.all ? "" : ", --all shows those that are over")
        );
    }
    return exit_success;
}

int show(Session& session, const WindowOptions& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> window = client->get(window_path(options.window));
    if (!window) {
        return session.fail(window.error());
    }
    Table table{{"FIELD", "VALUE"}, {}};
    add_fact(table, "window", text_of(*window, "id"));
    add_fact(table, "state", text_of(*window, "state"));
    add_fact(table, "scope", text_of(*window, "scope"));
    add_fact(table, "from", session.time(member_of(*window, "from")));
    add_fact(table, "to", session.time(member_of(*window, "to")));
    add_fact(table, "reason", text_of(*window, "reason"));
    add_fact(table, "made by", text_of(*window, "created_by"));
    add_fact(table, "ended by", text_of(*window, "ended_by"));
    session.print(table, *window);
    if (session.format() != Format::table) {
        return exit_success;
    }
    Table members{{"CI", "CLASS", "SITE", "STATE", "FROM", "TO"}, {}};
    for (const json::value& member : items_of(*window, "members")) {
        const std::string state = text_of(member, "state");
        members.rows.push_back(
            {{text_of(member, "name")},
             {text_of(member, "class")},
             {text_of(member, "site")},
             {state, tone_of_state(state)},
             {session.time(member_of(member, "from"))},
             {session.time(member_of(member, "to"))}}
        );
    }
    session.world().out << "\n";
    return session.print(members, nullptr);
}

int cancel(Session& session, const WindowOptions& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    json::object body;
    if (!options.text.empty()) {
        body["text"] = options.text;
    }
    const Result<json::value> answer = client->post(window_path(options.window) + "/cancel", body);
    if (!answer) {
        return session.fail(answer.error());
    }
    if (session.format() == Format::json) {
        return session.print({}, *answer);
    }
    session.say(printable(fmt::format(
        "{} {}: {}", text_of(*answer, "id"), text_of(*answer, "state"), text_of(*answer, "scope")
    )));
    return exit_success;
}

using Options = std::shared_ptr<WindowOptions>;
using Action = int (*)(Session& session, const WindowOptions& options);

CLI::App* add_verb(
    CLI::App& group,
    Session& session,
    const Options& options,
    const std::string& name,
    const std::string& help,
    Action action
) {
    CLI::App* app = group.add_subcommand(name, help);
    app->callback([&session, options, action] {
        session.action = [&session, options, action] { return action(session, *options); };
    });
    return app;
}

}  // namespace

void add_window_verbs(CLI::App& app, Session& session) {
    CLI::App* group =
        app.add_subcommand("window", "Maintenance: what fails in it opens no incident");
    group->require_subcommand(1);
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<WindowOptions>();

    CLI::App* start = add_verb(*group, session, options, "start", "A window from now on", create);
    start->add_option("CI|QUERY", options->scope, "What it covers: a name, an id, or a query")
        ->required();
    start->add_option("--for", options->length, "How long, such as 2h")->required();
    start->add_option("--reason", options->reason, "What is done in it")->required();

    CLI::App* create_app =
        add_verb(*group, session, options, "create", "A window for later", create);
    create_app->add_option("CI|QUERY", options->scope, "What it covers: a name, an id, or a query")
        ->required();
    add_moment(
        *create_app,
        session,
        "--from",
        options->from,
        "Its beginning, such as 22:00 or \"2026-12-01 22:00\"",
        Sought::coming
    )
        ->required();
    add_moment(*create_app, session, "--to", options->to, "Its end, likewise", Sought::coming);
    create_app->add_option("--for", options->length, "Or how long, such as 2h");
    create_app->add_option("--reason", options->reason, "What is done in it")->required();

    CLI::App* lister = add_verb(*group, session, options, "list", "Windows, newest first", list);
    lister->add_option("--state", options->state, "open, planned, active, ended, cancelled")
        ->capture_default_str();
    lister->add_flag("--all", options->all, "In every state");
    lister->add_option("--ci", options->ci, "That cover one CI, by name or id");
    add_selection(*lister, options->select);

    CLI::App* shower =
        add_verb(*group, session, options, "show", "One window and what is in it", show);
    shower->add_option("WINDOW", options->window, "Its number: 3 or WIN-3")->required();

    CLI::App* canceller =
        add_verb(*group, session, options, "cancel", "End it now, or before it begins", cancel);
    canceller->add_option("WINDOW", options->window, "Its number: 3 or WIN-3")->required();
    canceller->add_option("TEXT", options->text, "Why");
}

}  // namespace muster::ctl
