#include "ctl/declared_text.hpp"
#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"

#include <memory>

namespace muster::ctl {

namespace {

struct Options {
    ListSelection select;
    std::string target;
};

std::string probes_of(const json::value& target) {
    std::string out;
    for (const json::value& probe : items_of(target, "probes")) {
        out += (out.empty() ? "" : ", ") + text_of(probe, "name") + " every " +
               text_of(probe, "interval");
    }
    return out;
}

int list(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<Listing> targets = client->list("/targets", {}, options.select);
    if (!targets) {
        return session.fail(targets.error());
    }
    Table table{{"TARGET", "CLASS", "ADDRESS", "SITE", "SERVICE", "CIS", "PROBES"}, {}};
    for (const json::value& target : targets->items) {
        table.rows.push_back(
            {{text_of(target, "name")},
             {text_of(target, "class")},
             {text_of(target, "address")},
             {text_of(target, "site")},
             {text_of(target, "service")},
             {text_of(target, "repeats")},
             {probes_of(target)}}
        );
    }
    session.print(table, *targets);
    if (targets->items.empty()) {
        session.say("no targets: what is watched was found, or is nothing yet (docs/policies.md)");
    }
    return exit_success;
}

int show(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> target = client->get("/targets/" + percent_encoded(options.target));
    if (!target) {
        return session.fail(guessed(*client, target.error(), "targets", options.target));
    }
    Table table{{"FIELD", "VALUE"}, {}};
    const auto add = [&table](const std::string& field, const std::string& value) {
        if (!value.empty()) {
            table.rows.push_back({{field, Tone::quiet}, {value}});
        }
    };
    for (const char* field :
         {"name", "class", "address", "site", "service", "urgency", "hold", "repeats"}) {
        add(field, text_of(*target, field));
    }
    if (const json::object* labels = member_of(*target, "labels").if_object(); labels != nullptr) {
        for (const auto& [label, value] : *labels) {
            add("label." + std::string(label), text_of(member_of(*target, "labels"), label));
        }
    }
    add_declared(table, *target);
    add("file", text_of(*target, "file"));
    add("line", text_of(*target, "line"));
    return session.print(table, *target);
}

}  // namespace

void add_target_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* targets = app.add_subcommand("target", "What is watched because it was declared");
    targets->require_subcommand(1);
    CLI::App* lister = targets->add_subcommand("list", "Targets that run");
    add_selection(*lister, options->select);
    lister->callback([&session, options] {
        session.action = [&session, options] { return list(session, *options); };
    });
    CLI::App* shower = targets->add_subcommand("show", "One target");
    shower->add_option("TARGET", options->target, "Its name")->required();
    shower->callback([&session, options] {
        session.action = [&session, options] { return show(session, *options); };
    });
    add_declared_verbs(*targets, session, "targets");
}

}  // namespace muster::ctl
