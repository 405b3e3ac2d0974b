#include "base/bytes.hpp"
#include "ctl/declared_text.hpp"
#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>

namespace muster::ctl {

namespace {

constexpr std::size_t largest_text = 1u << 20;

struct Options {
    ListSelection select;
    std::vector<std::string> paths;
    std::string policy;
    bool dry_run = false;
    bool prune = false;
};

/// What is given to the collector, and how its files are called here.
struct Texts {
    json::array files;
    GivenNames given;
};

using NamedPath = std::pair<std::string, std::string>;

/// The file, or the *.yaml files of the folder, in order of their names.
Result<std::vector<NamedPath>> files_of(Files& files, const std::string& path) {
    const auto inside = files.list(path);
    if (!inside) {
        return std::vector<NamedPath>{{path.substr(path.rfind('/') + 1), path}};
    }
    std::vector<NamedPath> found;
    for (const std::string& name : *inside) {
        if (name.ends_with(".yaml") && !name.starts_with('.')) {
            found.emplace_back(name, path + "/" + name);
        }
    }
    if (found.empty()) {
        return failure(ErrorKind::not_found, "there is no file *.yaml in it", path);
    }
    return found;
}

/// All files that were given, in the order of giving. The collector knows them by their names alone.
Result<Texts> read_texts(Files& files, const std::vector<std::string>& paths) {
    Texts out;
    for (const std::string& path : paths) {
        const Result<std::vector<NamedPath>> found = files_of(files, path);
        if (!found) {
            return failure(found.error());
        }
        for (const auto& [name, full] : *found) {
            const auto [had, is_new] = out.given.emplace("applied/" + name, full);
            if (!is_new) {
                return failure(
                    ErrorKind::invalid,
                    "is called as " + had->second + " is; expected files of different names",
                    full
                );
            }
            Result<std::string> text = read_file(files, full, largest_text);
            if (!text) {
                return failure(text.error());
            }
            out.files.push_back(json::object{{"name", name}, {"text", std::move(*text)}});
        }
    }
    return out;
}

Tone tone_of_change(const std::string& change) {
    return change == "created" ? Tone::good : change == "removed" ? Tone::bad : Tone::doubtful;
}

/// "failures: 3 → 5, +hold: 30s, -urgency: low" of the fields that differ; what is created or removed needs none.
std::string fields_text(const json::value& change) {
    std::string out;
    const json::value& fields = member_of(change, "fields");
    if (!fields.is_array()) {
        return out;
    }
    for (const json::value& field : fields.get_array()) {
        const std::string name = text_of(field, "name");
        const std::string before = text_of(field, "before");
        const std::string after = text_of(field, "after");
        out += out.empty() ? "" : ", ";
        out += before.empty()  ? fmt::format("+{}: {}", name, after)
               : after.empty() ? fmt::format("-{}: {}", name, before)
                               : fmt::format("{}: {} → {}", name, before, after);
    }
    return out;
}

std::string some_names(const json::value& names, std::string_view sign) {
    std::string out;
    if (!names.is_array()) {
        return out;
    }
    for (const json::value& name : names.get_array()) {
        if (name.is_string()) {
            out +=
                fmt::format("{}{}{}", out.empty() ? "" : " ", sign, std::string(name.get_string()));
        }
    }
    return out;
}

void print_effects(Session& session, const json::value& answer) {
    const json::value& policies = member_of(answer, "policies");
    if (!policies.is_array() || policies.get_array().empty()) {
        return;
    }
    Table table{{"POLICY", "MATCHED", "MATCHES", "CIS"}, {}};
    for (const json::value& policy : policies.get_array()) {
        const std::string gained = some_names(member_of(policy, "gained"), "+");
        const std::string lost = some_names(member_of(policy, "lost"), "-");
        table.rows.push_back(
            {{text_of(policy, "policy")},
             {text_of(policy, "matched_before")},
             {text_of(policy, "matched_after")},
             {gained + (gained.empty() || lost.empty() ? "" : " ") + lost}}
        );
    }
    session.world().out << "\n" << render_table(table, session.colours());
}

int apply(Session& session, const Options& options) {
    const Result<Texts> texts = read_texts(session.world().files, options.paths);
    if (!texts) {
        return session.fail(texts.error(), exit_usage);
    }
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const json::object body{
        {"files", texts->files}, {"dry_run", options.dry_run}, {"prune", options.prune}
    };
    const Result<json::value> answer = client->post("/apply", body, texts->given);
    if (!answer) {
        return session.fail(answer.error());
    }
    Table table{{"CHANGE", "KIND", "NAME", "FIELDS"}, {}};
    const json::value& changes = member_of(*answer, "changes");
    if (changes.is_array()) {
        for (const json::value& change : changes.get_array()) {
            const std::string kind = text_of(change, "change");
            table.rows.push_back(
                {{kind, tone_of_change(kind)},
                 {text_of(change, "list")},
                 {text_of(change, "name")},
                 {fields_text(change)}}
            );
        }
    }
    session.print(table, *answer);
    if (session.format() == Format::table) {
        print_effects(session, *answer);
    }
    for (const json::value& warning : items_of(*answer, "warnings")) {
        session.say(flaw_text(warning, texts->given));
    }
    session.say(fmt::format(
        "{} {}, {} as before{}",
        table.rows.size(),
        options.dry_run ? "would change" : "changed",
        text_of(*answer, "unchanged"),
        options.dry_run ? "; nothing was applied" : ""
    ));
    return exit_success;
}

int list(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<Listing> policies = client->list("/policies", {}, options.select);
    if (!policies) {
        return session.fail(policies.error());
    }
    Table table{{"POLICY", "CIS", "PROBES", "URGENCY", "MATCH"}, {}};
    for (const json::value& policy : policies->items) {
        table.rows.push_back(
            {{text_of(policy, "name")},
             {text_of(policy, "cis")},
             {text_of(policy, "assigned_probes")},
             {text_of(policy, "urgency")},
             {text_of(policy, "match")}}
        );
    }
    session.print(table, *policies);
    if (policies->items.empty()) {
        session.say("no policies; docs/policies.md begins with one");
    }
    return exit_success;
}

int show(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> policy = client->get("/policies/" + percent_encoded(options.policy));
    if (!policy) {
        return session.fail(guessed(*client, policy.error(), "policies", options.policy));
    }
    Table table{{"FIELD", "VALUE"}, {}};
    const auto add = [&](const char* field) {
        const std::string value = text_of(*policy, field);
        if (!value.empty()) {
            table.rows.push_back({{field, Tone::quiet}, {value}});
        }
    };
    for (const char* field : {"name", "match", "urgency", "hold"}) {
        add(field);
    }
    add_declared(table, *policy);
    for (const char* field : {"cis", "assigned_probes", "file", "line"}) {
        add(field);
    }
    return session.print(table, *policy);
}

}  // namespace

void add_policy_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* applier =
        app.add_subcommand("apply", "Give the collector files of what to watch, all or nothing");
    applier
        ->add_option(
            "-f,--file", options->paths, "A YAML file, or a folder of them; several: -f A -f B"
        )
        ->required()
        ->allow_extra_args(false);
    applier->add_flag("--dry-run", options->dry_run, "Only tell what would change");
    applier->add_flag(
        "--prune", options->prune, "Take away files applied before that are not among these"
    );
    applier->callback([&session, options] {
        session.action = [&session, options] { return apply(session, *options); };
    });

    CLI::App* policies = app.add_subcommand("policy", "What is probed on which CIs");
    policies->require_subcommand(1);
    CLI::App* lister = policies->add_subcommand("list", "Policies that run");
    add_selection(*lister, options->select);
    lister->callback([&session, options] {
        session.action = [&session, options] { return list(session, *options); };
    });
    CLI::App* shower = policies->add_subcommand("show", "One policy");
    shower->add_option("POLICY", options->policy, "Its name")->required();
    shower->callback([&session, options] {
        session.action = [&session, options] { return show(session, *options); };
    });
    add_explain_verb(*policies, session);
    add_declared_verbs(*policies, session, "policies");
    CLI::App* tester = policies->add_subcommand(
        "test", "What a file would change and which CIs its policies match; nothing is applied"
    );
    tester->add_option("FILE", options->paths, "YAML files, or folders of them")->required();
    tester->callback([&session, options] {
        options->dry_run = true;
        session.action = [&session, options] { return apply(session, *options); };
    });
}

}  // namespace muster::ctl
