#include "base/bytes.hpp"
#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>

namespace muster::ctl {

namespace {

struct WhyOptions {
    std::string subject;
    std::string at;
};

struct ReceiptOptions {
    std::string from = "-24h";
    std::string to;
    std::string ci;
    std::string reason;
    ListSelection select;
};

bool names_incident(const std::string& subject) {
    const bool prefixed = subject.starts_with("INC-") || subject.starts_with("inc-");
    const std::string digits = prefixed ? subject.substr(4) : subject;
    return !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
}

void add_fact(Table& table, const std::string& name, const std::string& value) {
    if (!value.empty()) {
        table.rows.push_back({{name, Tone::quiet}, {value}});
    }
}

/// "first_failed" → "first failed"
std::string words_of(std::string_view name) {
    std::string out(name);
    std::ranges::replace(out, '_', ' ');
    return out;
}

/// Members of an object, those of objects below it by dotted names; elements of arrays are counted.
void add_members(
    const Session& session, Table& table, const std::string& name, const json::value& value
) {
    if (const json::array* array = value.if_array(); array != nullptr) {
        for (std::size_t i = 0; i < array->size(); ++i) {
            add_members(session, table, fmt::format("{}[{}]", name, i + 1), (*array)[i]);
        }
        return;
    }
    if (const json::object* object = value.if_object(); object != nullptr) {
        for (const auto& member : *object) {
            const std::string key = words_of(member.key());
            add_members(session, table, name.empty() ? key : name + "." + key, member.value());
        }
        return;
    }
    add_fact(
        table,
        name,
        value.is_null()     ? std::string()
        : value.is_string() ? session.time(value)
                            : json::serialize(value)
    );
}

/// "02:14 to 03:01", or "since 02:14".
std::string span_of(
    const Session& session, const json::value& row, std::string_view from, std::string_view to
) {
    const std::string end = session.time(member_of(row, to));
    const std::string begin = session.time(member_of(row, from));
    return end.empty() ? "since " + begin : begin + " to " + end;
}

void add_told(const Session& session, Table& table, const json::value& answer) {
    for (const json::value& message : items_of(answer, "told")) {
        const std::string attempts = text_of(message, "attempts");
        const std::string error = text_of(message, "last_error");
        add_fact(
            table,
            "told " + text_of(message, "channel"),
            fmt::format(
                "{}: {} {}{}{}",
                text_of(message, "transition"),
                text_of(message, "state"),
                session.time(member_of(message, "sent")),
                attempts == "0" || attempts == "1" ? "" : fmt::format(", {} tries", attempts),
                error.empty() ? "" : ", " + error
            )
        );
    }
    if (items_of(answer, "told").empty()) {
        add_fact(table, "told", "nobody");
    }
}

/// Who runs a probe, or why nobody does.
std::string watcher_of(const json::value& probe) {
    const std::string agent = text_of(probe, "agent");
    const std::string nobody = text_of(probe, "nobody");
    return !agent.empty() ? agent : nobody.empty() ? "nobody" : "nobody: " + nobody;
}

/// "revoked since 02:14, last heard 02:10"; empty: nothing is known of that time.
std::string agent_words(const Session& session, const json::value& agent) {
    const std::string since = session.time(member_of(agent, "since"));
    if (since.empty()) {
        return {};
    }
    const std::string state = text_of(agent, "state");
    const std::string heard = session.time(member_of(agent, "last_heard"));
    return fmt::format(
        "{} since {}{}",
        state.empty()          ? "connected"
        : state == "collector" ? "not heard yet: the collector was away"
        : state == "enrolled"  ? "enrolled, never heard,"
                               : state,
        since,
        heard.empty() ? "" : ", last heard " + heard
    );
}

int why_ci(Session& session, const WhyOptions& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    QueryFields query;
    if (!options.at.empty()) {
        query["at"] = options.at;
    }
    const Result<json::value> answer =
        client->get("/cis/" + percent_encoded(options.subject) + "/why", query);
    if (!answer) {
        return session.fail(guessed(*client, answer.error(), "cis", options.subject));
    }
    Table table{{"FIELD", "VALUE"}, {}};
    add_fact(table, "CI", text_of(*answer, "ci", "name"));
    add_fact(table, "at", session.time(member_of(*answer, "at")));
    add_fact(table, "answer", text_of(*answer, "verdict"));
    for (const json::value& probe : items_of(*answer, "probes")) {
        const std::string since = session.time(member_of(probe, "since"));
        const std::string nobody = text_of(probe, "unobserved");
        add_fact(
            table,
            "probe " + text_of(probe, "name"),
            fmt::format(
                "{}{}{}, watched by {}",
                text_of(probe, "state"),
                since.empty() ? "" : " since " + since,
                nobody.empty() ? "" : " (" + nobody + ")",
                watcher_of(probe)
            )
        );
    }
    for (const json::value& window : items_of(*answer, "windows")) {
        const std::string reason = text_of(window, "reason");
        add_fact(
            table,
            "maintenance",
            fmt::format(
                "in {} until {}{}",
                text_of(window, "id"),
                session.time(member_of(window, "to")),
                reason.empty() ? "" : " (" + reason + ")"
            )
        );
    }
    for (const json::value& agent : items_of(*answer, "agents")) {
        add_fact(table, "agent " + text_of(agent, "name"), agent_words(session, agent));
    }
    for (const json::value& incident : items_of(*answer, "incidents")) {
        const std::string of = text_of(incident, "of");
        add_fact(
            table,
            "incident " + text_of(incident, "id"),
            text_of(incident, "title") +
                (of.empty() ? "" : fmt::format(" (its {} {})", of, text_of(incident, "ci", "name")))
        );
    }
    for (const json::value& cause : items_of(*answer, "symptom_of")) {
        add_fact(table, "symptom of " + text_of(cause, "id"), text_of(cause, "title"));
    }
    for (const json::value& receipt : items_of(*answer, "receipts")) {
        add_fact(
            table,
            "withheld " + session.time(member_of(receipt, "at")),
            fmt::format("{}: {}", text_of(receipt, "reason"), text_of(receipt, "text"))
        );
        add_fact(table, "  otherwise", text_of(receipt, "counterfactual"));
    }
    return session.print(table, *answer);
}

int receipts(Session& session, const ReceiptOptions& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    QueryFields query{{"from", options.from}};
    if (!options.to.empty()) {
        query["to"] = options.to;
    }
    if (!options.ci.empty()) {
        query["ci"] = options.ci;
    }
    if (!options.reason.empty()) {
        query["reason"] = options.reason;
    }
    const Result<Listing> found = client->list("/receipts", query, options.select);
    if (!found) {
        return session.fail(guessed(*client, found.error(), "cis", options.ci));
    }
    Table table{{"WHEN", "CI", "REASON", "INCIDENT", "TEXT"}, {}};
    for (const json::value& receipt : found->items) {
        table.rows.push_back(
            {{session.time(member_of(receipt, "at"))},
             {text_of(receipt, "ci", "name")},
             {text_of(receipt, "reason")},
             {text_of(receipt, "incident")},
             {text_of(receipt, "text")}}
        );
    }
    session.print(table, *found);
    if (found->items.empty()) {
        session.say(
            "nothing was withheld (--from " + session.time(json::value(options.from)) +
            "); --from -7d looks further back"
        );
    }
    return exit_success;
}

}  // namespace

int why_incident(Session& session, const std::string& incident) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> answer = client->get(incident_path(incident) + "/why");
    if (!answer) {
        return session.fail(answer.error());
    }
    Table table{{"FIELD", "VALUE"}, {}};
    add_fact(table, "incident", text_of(*answer, "incident", "id"));
    add_fact(table, "title", text_of(*answer, "incident", "title"));
    add_members(session, table, "", member_of(*answer, "why"));
    for (const json::value& symptom : items_of(*answer, "symptoms")) {
        add_fact(
            table,
            "symptom " + text_of(symptom, "ci", "name"),
            text_of(symptom, "text") + ", " + span_of(session, symptom, "since", "until")
        );
    }
    add_told(session, table, *answer);
    return session.print(table, *answer);
}

void add_why_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into them.
    const auto why = std::make_shared<WhyOptions>();
    const auto listing = std::make_shared<ReceiptOptions>();

    CLI::App* asker = app.add_subcommand("why", "Why something paged, or did not");
    asker->add_option("SUBJECT", why->subject, "An incident (INC-31) or a CI")->required();
    add_moment(*asker, session, "--at", why->at, "For a CI: when, such as 02:14 or -2h");
    asker->callback([&session, why] {
        session.action = [&session, why] {
            return names_incident(why->subject) ? why_incident(session, why->subject)
                                                : why_ci(session, *why);
        };
    });

    CLI::App* lister = app.add_subcommand("receipts", "Pages that were not sent, newest first");
    add_moment(*lister, session, "--from", listing->from, "Since, such as 22:00 or -24h")
        ->capture_default_str();
    add_moment(*lister, session, "--to", listing->to, "Until, likewise; now by default");
    CLI::Option* ci = lister->add_option("CI", listing->ci, "Of one CI, by name or id");
    lister->add_option("--ci", listing->ci, "Likewise")->excludes(ci);
    lister->add_option("--reason", listing->reason, "Such as \"host down\"");
    add_selection(*lister, listing->select);
    lister->callback([&session, listing] {
        session.action = [&session, listing] { return receipts(session, *listing); };
    });
}

}  // namespace muster::ctl
