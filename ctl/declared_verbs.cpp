#include "base/bytes.hpp"
#include "base/files.hpp"
#include "config/yaml_json.hpp"
#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <ostream>
#include <utility>

namespace muster::ctl {

namespace {

constexpr std::size_t largest_text = 1u << 20;

struct Options {
    std::string name;
    std::string file;
    ListSelection select;
};

enum class Change { create, edit };

/// RFC 6901 §3.
std::string pointer_part(const std::string& member) {
    std::string out;
    for (const char c : member) {
        out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    return out;
}

struct ObjectFile {
    json::object object;
    GivenNames places;  ///< of each of its members in the file, by pointer
};

void note_places(
    const config::YamlNode& node,
    const std::string& pointer,
    const std::string& file,
    GivenNames& out
) {
    out.emplace(
        pointer.empty() ? "/" : pointer, fmt::format("{}:{}:{}", file, node.at.line, node.at.column)
    );
    for (std::size_t at = 0; at < node.items.size(); ++at) {
        const bool is_map = node.kind == config::YamlKind::map;
        const std::string inner =
            pointer + "/" + (is_map ? pointer_part(node.keys[at].name) : std::to_string(at));
        note_places(node.items[at], inner, file, out);
    }
}

/// The one object of a file: the map itself, or the only element of its list.
Result<ObjectFile> read_object(Files& files, const std::string& path, std::string_view list) {
    const Result<std::string> text = read_file(files, path, largest_text);
    if (!text) {
        return failure(text.error());
    }
    config::Issues issues;
    const auto node = config::parse_yaml(path, *text, issues);
    if (!node) {
        return failure(issues.error());
    }
    const config::YamlNode* object = &*node;
    if (const config::YamlNode* all = node->find(list); all != nullptr) {
        if (all->items.size() != 1 || node->keys.size() != 1) {
            return failure(
                ErrorKind::invalid,
                fmt::format(
                    "expected exactly one element of \"{}\"; `muster apply` takes more", list
                ),
                path
            );
        }
        object = &all->items.front();
    }
    const config::YamlNode* name = object->find("name");
    if (object->kind != config::YamlKind::map || name == nullptr ||
        name->kind != config::YamlKind::scalar) {
        return failure(ErrorKind::invalid, "expected a map with a \"name\"", path);
    }
    ObjectFile out{config::to_json(*object).as_object(), {}};
    out.object["name"] = name->text;
    note_places(*object, "", path, out.places);
    return out;
}

int put(Session& session, const std::string& list, const Options& options, Change change) {
    const Result<ObjectFile> file = read_object(session.world().files, options.file, list);
    if (!file) {
        return session.fail(file.error(), exit_usage);
    }
    const std::string name(file->object.at("name").as_string());
    if (!options.name.empty() && options.name != name) {
        return session.fail(
            Error(ErrorKind::invalid, "the file is about \"" + name + "\"", options.name),
            exit_usage
        );
    }
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const std::string path = "/" + list + "/" + percent_encoded(name);
    const Result<json::value> had = client->get(path);
    if (!had && had.error().kind() != ErrorKind::not_found) {
        return session.fail(had.error());
    }
    if (had.has_value() == (change == Change::create)) {
        return session.fail(Error(
            ErrorKind::conflict,
            change == Change::create ? "there is one; use edit" : "there is none; use create",
            name
        ));
    }
    const Result<json::value> answer = client->put(path, file->object, file->places);
    if (!answer) {
        return session.fail(answer.error());
    }
    const bool is_same = change == Change::edit && items_of(*answer, "changes").empty();
    session.say(
        name + (is_same                    ? ": as before"
                : change == Change::create ? ": created"
                                           : ": changed")
    );
    for (const json::value& warning : items_of(*answer, "warnings")) {
        session.say("warning: " + flaw_text(warning, file->places));
    }
    return exit_success;
}

int remove(Session& session, const std::string& list, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> answer =
        client->remove("/" + list + "/" + percent_encoded(options.name));
    if (!answer) {
        return session.fail(guessed(*client, answer.error(), list, options.name));
    }
    session.say(options.name + ": deleted");
    for (const json::value& warning : items_of(*answer, "warnings")) {
        session.say("warning: " + flaw_text(warning, {}));
    }
    return exit_success;
}

std::string says_text(const json::value& threshold) {
    std::string out;
    const json::value& says = member_of(threshold, "says");
    if (says.is_array()) {
        for (const json::value& each : says.get_array()) {
            out += (out.empty() ? "" : "; ") + std::string(each.as_string());
        }
    }
    return out;
}

std::vector<Cell> threshold_row(const json::value& threshold) {
    const std::string pin = text_of(threshold, "pin");
    return {
        {text_of(threshold, "name")},
        {text_of(threshold, "specificity")},
        {pin.empty() ? text_of(threshold, "match") : "pin: " + pin},
        {text_of(threshold, "probe_type") + text_of(threshold, "probe_name")},
        {says_text(threshold)}
    };
}

int list_thresholds(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<Listing> thresholds = client->list("/thresholds", {}, options.select);
    if (!thresholds) {
        return session.fail(thresholds.error());
    }
    Table table{{"THRESHOLD", "BY", "CIS", "PROBE", "SAYS"}, {}};
    for (const json::value& threshold : thresholds->items) {
        table.rows.push_back(threshold_row(threshold));
    }
    session.print(table, *thresholds);
    if (thresholds->items.empty()) {
        session.say("no thresholds: every probe is judged as its policy or target says");
    }
    return exit_success;
}

int show_threshold(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> threshold =
        client->get("/thresholds/" + percent_encoded(options.name));
    if (!threshold) {
        return session.fail(guessed(*client, threshold.error(), "thresholds", options.name));
    }
    Table table{{"FIELD", "VALUE"}, {}};
    for (const char* field :
         {"name", "match", "pin", "probe_type", "probe_name", "specificity", "file", "line"}) {
        const std::string value = text_of(*threshold, field);
        if (!value.empty()) {
            table.rows.push_back({{field, Tone::quiet}, {value}});
        }
    }
    table.rows.push_back({{"says", Tone::quiet}, {says_text(*threshold)}});
    return session.print(table, *threshold);
}

}  // namespace

void add_declared_verbs(CLI::App& parent, Session& session, const std::string& list) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* creator = parent.add_subcommand("create", "Declare one, from a file");
    creator->add_option("FILE", options->file, "YAML: one map with a name")->required();
    creator->callback([&session, list, options] {
        session.action = [&session, list, options] {
            return put(session, list, *options, Change::create);
        };
    });
    CLI::App* editor = parent.add_subcommand("edit", "Replace one, from a file");
    editor->add_option("NAME", options->name, "Its name")->required();
    editor->add_option("FILE", options->file, "YAML: one map with this name")->required();
    editor->callback([&session, list, options] {
        session.action = [&session, list, options] {
            return put(session, list, *options, Change::edit);
        };
    });
    CLI::App* deleter = parent.add_subcommand("delete", "Take one away");
    deleter->add_option("NAME", options->name, "Its name")->required();
    deleter->callback([&session, list, options] {
        session.action = [&session, list, options] { return remove(session, list, *options); };
    });
}

void add_threshold_verbs(CLI::App& app, Session& session) {
    const auto options = std::make_shared<Options>();
    CLI::App* thresholds =
        app.add_subcommand("threshold", "When probes of particular CIs exceed their thresholds");
    thresholds->require_subcommand(1);
    CLI::App* lister = thresholds->add_subcommand("list", "Thresholds that run");
    add_selection(*lister, options->select);
    lister->callback([&session, options] {
        session.action = [&session, options] { return list_thresholds(session, *options); };
    });
    CLI::App* shower = thresholds->add_subcommand("show", "One threshold");
    shower->add_option("THRESHOLD", options->name, "Its name")->required();
    shower->callback([&session, options] {
        session.action = [&session, options] { return show_threshold(session, *options); };
    });
    add_declared_verbs(*thresholds, session, "thresholds");
}

}  // namespace muster::ctl
