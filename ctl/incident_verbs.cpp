#include "base/bytes.hpp"
#include "ctl/ci_words.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace muster::ctl {

namespace {

struct ListOptions {
    std::string state = "open";
    std::string ci;
    ListSelection select = {.limit = 50, .filter = "", .sort = ""};
    bool all = false;
};

struct OneOptions {
    std::string incident;
};

std::string ci_name(const json::value& incident) {
    const std::string name = text_of(incident, "ci", "name");
    return name.empty() ? text_of(incident, "agent", "name") : name;
}

std::string state_text(const json::value& incident) {
    std::string text = text_of(incident, "state");
    const std::string waits_for = text_of(incident, "pending", "reason");
    if (!waits_for.empty()) {
        text += " (" + waits_for + ")";
    }
    return text_of(incident, "acknowledged").empty() ? text : text + ", acknowledged";
}

Table incident_table(const Session& session, const json::array& incidents) {
    Table table{{"INCIDENT", "PRIORITY", "STATE", "OPENED", "ASSIGNEE", "CI", "TITLE"}, {}};
    for (const json::value& incident : incidents) {
        table.rows.push_back(
            {{text_of(incident, "id")},
             {text_of(incident, "priority")},
             {state_text(incident), tone_of_state(text_of(incident, "state"))},
             {session.time(member_of(incident, "opened"))},
             {text_of(incident, "assignee")},
             {ci_name(incident)},
             {text_of(incident, "title")}}
        );
    }
    return table;
}

/// What has never answered opens nothing: a mistyped address looks like health here.
void tell_of_unproven(Session& session, const ApiClient& client) {
    if (session.format() != Format::table) {
        return;
    }
    constexpr std::size_t enough = 100;
    const Result<Listing> found = client.list(
        "/probes", {{"state", "unproven"}}, {.limit = enough, .filter = {}, .sort = {}}
    );
    if (!found || found->items.empty()) {
        return;
    }
    session.say(fmt::format(
        "{}{} never answered: muster probes --state unproven",
        found->has_more ? "more than " : "",
        found->items.size() == 1 ? "1 probe has"
                                 : fmt::format("{} probes have", found->items.size())
    ));
}

/// What an empty list says: whether there is none, or none that was asked for.
std::string none_text(const ListOptions& options) {
    const bool is_narrowed = !options.ci.empty() || !options.select.filter.empty();
    return fmt::format(
        "no {}{}{}",
        options.all ? "" : options.state + " ",
        is_narrowed ? "incident is like that" : "incidents",
        options.all ? "" : "; --all shows those in every state"
    );
}

int list(Session& session, const ListOptions& options) {
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
    const Result<Listing> incidents = client->list("/incidents", query, options.select);
    if (!incidents) {
        return session.fail(incidents.error());
    }
    session.print(incident_table(session, incidents->items), *incidents);
    if (incidents->items.empty()) {
        session.say(none_text(options));
    }
    warn_if_nobody_is_told(session, *client);
    tell_of_unproven(session, *client);
    return exit_success;
}

void add_fact(
    Table& table, const std::string& name, const std::string& value, Tone tone = Tone::plain
) {
    if (!value.empty()) {
        table.rows.push_back({{name, Tone::quiet}, {value, tone}});
    }
}

std::string at_and_by(
    const Session& session, const json::value& incident, std::string_view when, std::string_view who
) {
    const std::string at = session.time(member_of(incident, when));
    const std::string by = text_of(incident, who);
    return at.empty() || by.empty() ? at : at + " by " + by;
}

/// "supplier since 02:14: a new power supply"
std::string waiting(const Session& session, const json::value& incident) {
    const json::value& pending = member_of(incident, "pending");
    if (!pending.is_object()) {
        return {};
    }
    const std::string text = text_of(pending, "text");
    return fmt::format(
        "{} since {}{}",
        text_of(pending, "reason"),
        session.time(member_of(pending, "since")),
        text.empty() ? "" : ": " + text
    );
}

void add_links(Table& table, const json::value& incident) {
    for (const json::value& link : items_of(incident, "links")) {
        const bool to = text_of(link, "direction") == "to";
        add_fact(
            table,
            to ? text_of(link, "type") : "linked from",
            fmt::format(
                "{}{} ({}): {}",
                text_of(link, "incident"),
                to ? "" : ", which is " + text_of(link, "type") + " this",
                text_of(link, "state"),
                text_of(link, "title")
            )
        );
    }
}

/// "HQ, rack R12; services: Mail, Shop": where it is and what it touches.
std::string place_and_services(const json::value& incident) {
    const std::string place = text_of(incident, "place");
    const std::string services = joined(incident, "services");
    return place + (place.empty() || services.empty() ? "" : "; ") +
           (services.empty() ? "" : "services: " + services);
}

Table facts_of(const Session& session, const json::value& incident) {
    Table table{{"FIELD", "VALUE"}, {}};
    const std::string state = text_of(incident, "state");
    const std::string where = place_and_services(incident);
    add_fact(
        table,
        text_of(incident, "id"),
        text_of(incident, "title") + (where.empty() ? "" : fmt::format(" ({})", where))
    );
    add_fact(table, "state", state_text(incident), tone_of_state(state));
    add_fact(
        table,
        "priority",
        fmt::format(
            "{}: impact {}, urgency {}; {}",
            text_of(incident, "priority"),
            text_of(incident, "impact"),
            text_of(incident, "urgency"),
            text_of(incident, "impact_basis")
        )
    );
    add_fact(table, "kind", text_of(incident, "kind"));
    add_fact(table, "assignee", text_of(incident, "assignee"));
    add_fact(table, "team", text_of(incident, "team"));
    add_fact(table, "waits for", waiting(session, incident));
    add_fact(table, "CI", ci_name(incident));
    add_fact(table, "service", text_of(incident, "service"));
    add_fact(table, "reported by", text_of(incident, "reporter"));
    add_fact(table, "description", text_of(incident, "description"));
    const std::string probe = text_of(incident, "probe", "name");
    if (!probe.empty()) {
        add_fact(
            table, "probe", fmt::format("{} to {}", probe, text_of(incident, "probe", "host"))
        );
    }
    add_fact(table, "expected", text_of(incident, "expected"));
    add_fact(table, "seen", text_of(incident, "seen"));
    add_fact(table, "reason", text_of(incident, "reason"));
    add_fact(table, "first failure", session.time(member_of(incident, "started")));
    add_fact(table, "opened", session.time(member_of(incident, "opened")));
    add_fact(table, "detected late", text_of(incident, "detected_late") == "true" ? "yes" : "");
    add_fact(
        table, "acknowledged", at_and_by(session, incident, "acknowledged", "acknowledged_by")
    );
    add_fact(table, "resolved", at_and_by(session, incident, "resolved", "resolved_by"));
    add_fact(table, "resolution", text_of(incident, "resolution"));
    add_fact(table, "closed", at_and_by(session, incident, "closed", "closed_by"));
    const std::string reopened = text_of(incident, "reopened");
    add_fact(
        table,
        "reopened",
        reopened == "0"   ? ""
        : reopened == "1" ? "once"
                          : reopened + " times"
    );
    add_fact(table, "the one before", text_of(incident, "previous"));
    add_links(table, incident);
    return table;
}

/// "address", "used by", "joined web4"
std::string what_changed(const json::value& change) {
    const std::string kind = text_of(change, "kind");
    return kind == "relation" ? relation_text(change)
           : kind == "identity"
               ? identity_text(text_of(change, "name"), text_of(change, "other", "name"))
               : text_of(change, "name");
}

/// What changed nearby before it opened; nothing where nothing did.
void print_changes(Session& session, const json::value& incident) {
    Table table{{"CHANGED", "CI", "WHAT", "BEFORE", "AFTER", "BY"}, {}};
    for (const json::value& change : items_of(incident, "changes")) {
        const bool is_identity = text_of(change, "kind") == "identity";
        table.rows.push_back(
            {{session.time(member_of(change, "at"))},
             {text_of(change, "ci", "class") + ":" + text_of(change, "ci", "name")},
             {what_changed(change)},
             {text_of(change, "before"), Tone::quiet},
             {is_identity ? identity_reason(text_of(change, "name"), text_of(change, "reason"))
                          : text_of(change, "after")},
             {text_of(change, "by")}}
        );
    }
    if (!table.rows.empty()) {
        session.world().out << "\n";
        session.print(table, nullptr);
    }
}

int show(Session& session, const OneOptions& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const std::string path = incident_path(options.incident);
    const Result<json::value> incident = client->get(path);
    if (!incident) {
        return session.fail(incident.error());
    }
    // Given whole.
    const Result<json::value> answer = client->get(path + "/timeline");
    if (!answer) {
        return session.fail(answer.error());
    }
    if (session.format() == Format::json) {
        json::value whole = *incident;
        if (json::object* object = whole.if_object(); object != nullptr) {
            (*object)["timeline"] = member_of(*answer, "items");
        }
        return session.print({}, whole);
    }
    session.print(facts_of(session, *incident), *incident);
    if (session.format() == Format::csv) {
        return exit_success;
    }
    print_changes(session, *incident);
    Table lines{{"WHEN", "WHAT", "WHO", "TEXT"}, {}};
    for (const json::value& line : items_of(*answer, "items")) {
        lines.rows.push_back(
            {{session.time(member_of(line, "at"))},
             {text_of(line, "kind")},
             {text_of(line, "actor")},
             {text_of(line, "text")}}
        );
    }
    session.world().out << "\n";
    return session.print(lines, nullptr);
}

CLI::App* add_one(
    CLI::App& group, const std::string& name, const std::string& help, OneOptions& options
) {
    CLI::App* verb = group.add_subcommand(name, help);
    verb->add_option("INCIDENT", options.incident, "Its number: 31 or INC-31")->required();
    return verb;
}

}  // namespace

void add_incident_verbs(CLI::App& app, Session& session) {
    CLI::App* group = app.add_subcommand("incident", "What is wrong, and what is done about it");
    group->require_subcommand(1);
    // Owned by the callbacks below and by the options that write into them.
    const auto listing = std::make_shared<ListOptions>();
    const auto one = std::make_shared<OneOptions>();

    CLI::App* lister = group->add_subcommand("list", "Open incidents, newest first");
    lister->add_option("--state", listing->state, "open, new, resolved, …")->capture_default_str();
    lister->add_flag("--all", listing->all, "In every state");
    lister->add_option("--ci", listing->ci, "Of one CI, by name or id");
    add_selection(*lister, listing->select);
    lister->callback([&session, listing] {
        session.action = [&session, listing] { return list(session, *listing); };
    });

    add_one(*group, "show", "One incident and what happened to it", *one)
        ->callback([&session, one] {
            session.action = [&session, one] { return show(session, *one); };
        });
    add_one(*group, "why", "Why it was opened and who was told", *one)->callback([&session, one] {
        session.action = [&session, one] { return why_incident(session, one->incident); };
    });
    add_incident_work_verbs(*group, session);
}

}  // namespace muster::ctl
