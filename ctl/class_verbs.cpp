#include "base/bytes.hpp"
#include "config/values.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace muster::ctl {

namespace {

/// "shipped", "declared in conf.d/kiosk.yaml:3"
std::string origin_of(const json::value& item) {
    const std::string origin = text_of(item, "origin");
    const std::string file = text_of(item, "file");
    return file.empty() ? origin : origin + " in " + file + ":" + text_of(item, "line");
}

Result<json::value> fetch(Session& session) {
    const Result<ApiClient> client = session.connect();
    return client ? client->get("/classes") : failure(client.error());
}

/// A failure, with the class that was perhaps meant, where the catalogue has none of this name.
Status no_such_class(const json::value& catalogue, const std::string& name) {
    const json::array& classes = items_of(catalogue, "classes");
    std::vector<std::string> texts;
    for (const json::value& each : classes) {
        texts.push_back(text_of(each, "name"));
        if (texts.back() == name) {
            return {};
        }
    }
    const std::vector<std::string_view> names(texts.begin(), texts.end());
    const std::string_view guess = config::nearest(name, names);
    return failure(
        ErrorKind::not_found,
        fmt::format(
            "there is no class \"{}\"{}",
            printable(name),
            guess.empty() ? "; muster class list shows them"
                          : fmt::format("; did you mean \"{}\"?", guess)
        )
    );
}

int list_classes(Session& session) {
    const Result<json::value> found = fetch(session);
    if (!found) {
        return session.fail(found.error());
    }
    Table table{{"CLASS", "PARENT", "LABEL", "CRITICALITY", "PATIENCE", "ORIGIN"}, {}};
    for (const json::value& each : items_of(*found, "classes")) {
        table.rows.push_back(
            {{text_of(each, "name")},
             {text_of(each, "parent")},
             {text_of(each, "label", "en")},
             {text_of(each, "criticality")},
             {text_of(each, "patience")},
             {origin_of(each)}}
        );
    }
    return session.print(table, member_of(*found, "classes"));
}

int list_relation_types(Session& session) {
    const Result<json::value> found = fetch(session);
    if (!found) {
        return session.fail(found.error());
    }
    Table table{{"RELATION", "REVERSE", "FAILURE TRAVELS", "ORIGIN"}, {}};
    for (const json::value& each : items_of(*found, "relations")) {
        table.rows.push_back(
            {{text_of(each, "name")},
             {text_of(each, "reverse")},
             {text_of(each, "failure_travels")},
             {origin_of(each)}}
        );
    }
    return session.print(table, member_of(*found, "relations"));
}

int show_class(Session& session, const std::string& name) {
    const Result<json::value> found = fetch(session);
    if (!found) {
        return session.fail(found.error());
    }
    for (const json::value& each : items_of(*found, "classes")) {
        if (text_of(each, "name") != name) {
            continue;
        }
        Table table{{"ATTRIBUTE", "TYPE", "UNIT", "LABEL"}, {}};
        for (const json::value& attribute : items_of(each, "attributes")) {
            table.rows.push_back(
                {{text_of(attribute, "name")},
                 {text_of(attribute, "type")},
                 {text_of(attribute, "unit")},
                 {text_of(attribute, "label", "en")}}
            );
        }
        if (session.format() == Format::table) {
            session.world().out << name << ", a " << text_of(each, "parent") << ": "
                                << origin_of(each) << "\n\n";
        }
        return session.print(table, each);
    }
    return session.fail(no_such_class(*found, name).error());
}

}  // namespace

Status check_class(const ApiClient& client, const std::string& name) {
    const Result<json::value> found = client.get("/classes");
    // Whoever may not read them is told nothing of them.
    return found ? no_such_class(*found, name) : Status();
}

void add_class_verbs(CLI::App& app, Session& session) {
    CLI::App* group = app.add_subcommand("class", "Classes of what there is, and their relations");
    group->require_subcommand(1);
    group->add_subcommand("list", "Classes, by name, and where each comes from")
        ->callback([&session] { session.action = [&session] { return list_classes(session); }; });
    group->add_subcommand("relations", "Kinds of relations, by name")->callback([&session] {
        session.action = [&session] { return list_relation_types(session); };
    });
    // Owned by the callback below and by the option that writes into it.
    const auto name = std::make_shared<std::string>();
    CLI::App* show = group->add_subcommand("show", "The attributes of one class");
    show->add_option("CLASS", *name, "Its name")->required();
    show->callback([&session, name] {
        session.action = [&session, name] { return show_class(session, *name); };
    });
}

}  // namespace muster::ctl
