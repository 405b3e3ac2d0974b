#include "base/bytes.hpp"
#include "ctl/ci_words.hpp"
#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"

#include <map>
#include <memory>
#include <set>
#include <utility>

namespace muster::ctl {

namespace {

struct Options {
    std::string ci;
    std::string text;
    std::string from;
    std::string to;
    std::string at;
    std::string known_at;
    std::size_t limit = 100;
};

int history(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const std::string path = "/cis/" + percent_encoded(options.ci) + "/history";
    const Result<Listing> items =
        client->list(path, {}, {.limit = options.limit, .filter = {}, .sort = {}});
    if (!items) {
        return session.fail(guessed(*client, items.error(), "cis", options.ci));
    }
    Table table{{"FROM", "TO", "WHAT", "VALUE", "SOURCE", "POSITION"}, {}};
    for (const json::value& item : items->items) {
        const std::string kind = text_of(item, "kind");
        if (kind == "identity") {
            const std::string other = text_of(item, "other", "name");
            table.rows.push_back(
                {{session.time(member_of(item, "at"))},
                 {""},
                 {identity_text(text_of(item, "what"), other)},
                 {identity_reason(text_of(item, "what"), text_of(item, "reason"))},
                 {text_of(item, "actor")},
                 {text_of(item, "position")}}
            );
            continue;
        }
        const bool is_old = !text_of(item, "superseded").empty();
        const Tone tone = is_old ? Tone::quiet : Tone::plain;
        const std::string value =
            kind == "relation" ? text_of(item, "other", "name") : text_of(item, "value");
        table.rows.push_back(
            {{session.time(member_of(item, "from")), tone},
             {session.time(member_of(item, "to")), tone},
             {kind == "relation" ? relation_text(item) : text_of(item, "name"), tone},
             {value, tone},
             {text_of(item, "source"), tone},
             {text_of(item, "position"), tone}}
        );
    }
    return session.print(table, *items);
}

using Values = std::map<std::string, std::string>;

/// Attributes and relations at a moment, by what they are.
Result<Values> values_at(const ApiClient& client, const std::string& ci, const std::string& at) {
    const QueryFields moment = at.empty() ? QueryFields{} : QueryFields{{"at", at}};
    const std::string path = "/cis/" + percent_encoded(ci);
    const Result<json::value> found = client.get(path, moment);
    if (!found) {
        return failure(found.error());
    }
    const Result<json::value> relations = client.get(path + "/relations", moment);
    if (!relations) {
        return failure(relations.error());
    }
    Values values;
    for (const json::value& each : member_of(*found, "attributes").as_array()) {
        values[text_of(each, "name")] = text_of(each, "value");
    }
    for (const json::value& each : member_of(*relations, "items").as_array()) {
        values[relation_text(each) + " " + text_of(each, "ci", "name")] = "yes";
    }
    return values;
}

int diff(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<Values> before = values_at(*client, options.ci, options.from);
    if (!before) {
        return session.fail(guessed(*client, before.error(), "cis", options.ci));
    }
    const Result<Values> after = values_at(*client, options.ci, options.to);
    if (!after) {
        return session.fail(after.error());
    }
    std::set<std::string> names;
    for (const Values* values : {&*before, &*after}) {
        for (const auto& [name, value] : *values) {
            names.insert(name);
        }
    }
    Table table{{"WHAT", "BEFORE", "AFTER"}, {}};
    json::array changes;
    for (const std::string& name : names) {
        const auto old = before->find(name);
        const auto now = after->find(name);
        const std::string from = old == before->end() ? "" : old->second;
        const std::string to = now == after->end() ? "" : now->second;
        if (from != to) {
            table.rows.push_back({{name}, {from, Tone::quiet}, {to}});
            changes.push_back(json::object{{"what", name}, {"before", from}, {"after", to}});
        }
    }
    session.print(table, changes);
    if (changes.empty()) {
        session.say("nothing changed");
    }
    return exit_success;
}

int duplicates(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<Listing> pairs =
        client->list("/duplicates", {}, {.limit = options.limit, .filter = {}, .sort = {}});
    if (!pairs) {
        return session.fail(pairs.error());
    }
    Table table{{"CI", "ID", "PERHAPS ALSO", "ID", "SINCE", "WHAT SPEAKS AGAINST IT"}, {}};
    for (const json::value& pair : pairs->items) {
        table.rows.push_back(
            {{text_of(pair, "ci", "name")},
             {text_of(pair, "ci", "id"), Tone::quiet},
             {text_of(pair, "other", "name")},
             {text_of(pair, "other", "id"), Tone::quiet},
             {session.time(member_of(pair, "since"))},
             {text_of(pair, "reason")}}
        );
    }
    session.print(table, *pairs);
    if (pairs->items.empty()) {
        session.say("nothing is in doubt");
    }
    return exit_success;
}

std::string path_of(const json::value& hit) {
    std::string path;
    for (const json::value& step : items_of(hit, "path")) {
        path += (path.empty() ? "" : ", ") + text_of(step, "class") + " " + text_of(step, "name");
    }
    return path.empty() ? text_of(hit, "ci") : path;
}

int find(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    QueryFields query{{"q", options.text}};
    for (const auto& [name, value] :
         QueryFields{{"at", options.at}, {"known_at", options.known_at}}) {
        if (!value.empty()) {
            query[name] = value;
        }
    }
    const Result<json::value> found = client->get("/find", query);
    if (!found) {
        return session.fail(found.error());
    }
    const json::array hits = items_of(*found, "items");
    const json::array close = items_of(*found, "close");
    if (hits.empty()) {
        session.say(
            "nothing is called or has \"" + printable(options.text) + "\"" +
            (close.empty() ? "" : "; these have it in part:")
        );
    }
    Table table{{"NAME", "CLASS", "STATE", "MATCHED", "WHERE", "ID"}, {}};
    for (const json::value& hit : hits.empty() ? close : hits) {
        const std::string kind = text_of(hit, "kind");
        const bool is_retired = text_of(hit, "retired") == "true";
        const std::string state = is_retired ? "retired" : text_of(hit, "state");
        table.rows.push_back(
            {{text_of(hit, "name")},
             {kind == "ci" ? text_of(hit, "class") : kind},
             {state, tone_of_state(state)},
             {joined(hit, "matched")},
             {path_of(hit)},
             {text_of(hit, "id"), Tone::quiet}}
        );
    }
    if (!table.rows.empty() || session.format() != Format::table) {
        session.print(table, json::value(hits));
    }
    return hits.empty() ? exit_failed : exit_success;
}

}  // namespace

void add_ci_history_verbs(CLI::App& group, CLI::App& app, Session& session) {
    const auto options = std::make_shared<Options>();
    CLI::App* past = group.add_subcommand("history", "What was learnt of one, newest first");
    past->add_option("CI", options->ci, "Its name or id")->required();
    add_limit(*past, options->limit);
    past->callback([&session, options] {
        session.action = [&session, options] { return history(session, *options); };
    });

    CLI::App* changes = group.add_subcommand("diff", "What changed of one between two moments");
    changes->add_option("CI", options->ci, "Its name or id")->required();
    add_moment(*changes, session, "--from", options->from, "Since, such as 22:00 or -24h")
        ->required();
    add_moment(*changes, session, "--to", options->to, "Until, likewise; now by default");
    changes->callback([&session, options] {
        session.action = [&session, options] { return diff(session, *options); };
    });

    CLI::App* doubts = group.add_subcommand("duplicates", "What is probably the same twice");
    add_limit(*doubts, options->limit);
    doubts->callback([&session, options] {
        session.action = [&session, options] { return duplicates(session, *options); };
    });

    CLI::App* search = app.add_subcommand("find", "Where something is");
    search
        ->add_option(
            "TEXT", options->text, "A MAC or IP address, a serial number, a name, an incident"
        )
        ->required();
    add_moment(*search, session, "--at", options->at, "Where it was then, such as 02:14 or -2h");
    search->add_option(
        "--known-at", options->known_at, "As it was known at a position of the journal"
    );
    search->callback([&session, options] {
        session.action = [&session, options] { return find(session, *options); };
    });
}

}  // namespace muster::ctl
