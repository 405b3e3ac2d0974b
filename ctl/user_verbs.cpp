#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"

#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace muster::ctl {

namespace {

struct Options {
    ListSelection select;
    std::string name;
    std::string role;
    std::vector<std::string> sites;
    bool all_sites = false;
    std::string language;
    std::string time_zone;
    bool disable = false;
    bool enable = false;
    std::string password_file;
    std::string current_file;
};

json::array names(const std::vector<std::string>& sites) {
    json::array list;
    for (const std::string& site : sites) {
        list.emplace_back(json::string(site));
    }
    return list;
}

/// A password from --password-file, or typed twice by a person.
Result<std::string> new_password(const Session& session, const Options& options) {
    const Result<Secret> first = session.read_secret(options.password_file, "new password: ");
    if (!first) {
        return failure(first.error());
    }
    std::string password(first->reveal());
    if (options.password_file.empty() && session.has_person()) {
        const Result<Secret> again = session.read_secret("", "the same again: ");
        if (!again || again->reveal() != password) {
            return failure(ErrorKind::invalid, "the two passwords differ");
        }
    }
    return password;
}

int list(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<Listing> users = client->list("/users", {}, options.select);
    if (!users) {
        return session.fail(users.error());
    }
    Table table{{"NAME", "ROLE", "SITES", "LANGUAGE", "TIME ZONE", "SIGNED IN", "STATE"}, {}};
    for (const json::value& user : users->items) {
        table.rows.push_back(
            {{text_of(user, "name")},
             {text_of(user, "role")},
             {sites_of(user)},
             {text_of(user, "language")},
             {text_of(user, "time_zone")},
             {session.time(member_of(user, "signed_in"))},
             text_of(user, "disabled") == "true" ? Cell{"disabled", Tone::bad} : Cell{"active"}}
        );
    }
    session.print(table, *users);
    if (table.rows.empty()) {
        session.say("nobody can sign in yet: muster user create NAME --role administrator");
    }
    return exit_success;
}

int create(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<std::string> password = new_password(session, options);
    if (!password) {
        return session.fail(password.error());
    }
    const json::object body{
        {"name", options.name},
        {"password", *password},
        {"role", options.role},
        {"sites", names(options.sites)},
        {"language", options.language},
        {"time_zone", options.time_zone}
    };
    const Result<json::value> made = client->post("/users", body);
    if (!made) {
        return session.fail(made.error());
    }
    session.say(options.name + " may sign in: muster login --user " + options.name);
    return session.format() == Format::json ? session.print({}, *made) : exit_success;
}

int edit(Session& session, const Options& options) {
    json::object body;
    if (!options.role.empty()) {
        body["role"] = options.role;
    }
    if (!options.sites.empty() || options.all_sites) {
        body["sites"] = names(options.sites);
    }
    if (!options.language.empty()) {
        body["language"] = options.language;
    }
    if (!options.time_zone.empty()) {
        body["time_zone"] = options.time_zone;
    }
    if (options.disable || options.enable) {
        body["disabled"] = options.disable;
    }
    if (body.empty()) {
        return session.fail({ErrorKind::invalid, "nothing to change; see --help"}, exit_usage);
    }
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> changed =
        client->patch("/users/" + percent_encoded(options.name), body);
    if (!changed) {
        return session.fail(guessed(*client, changed.error(), "users", options.name));
    }
    session.say("changed " + options.name);
    return session.format() == Format::json ? session.print({}, *changed) : exit_success;
}

int erase(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> deleted = client->remove("/users/" + percent_encoded(options.name));
    if (!deleted) {
        return session.fail(guessed(*client, deleted.error(), "users", options.name));
    }
    session.say("deleted " + options.name + ", with sessions and tokens");
    return exit_success;
}

int password(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> self = client->get("/session");
    if (!self) {
        return session.fail(self.error());
    }
    json::object body;
    if (text_of(*self, "user") == options.name) {
        const Result<Secret> current =
            session.read_secret(options.current_file, "current password: ");
        if (!current) {
            return session.fail(current.error());
        }
        body["current"] = json::string(std::string(current->reveal()));
    }
    const Result<std::string> fresh = new_password(session, options);
    if (!fresh) {
        return session.fail(fresh.error());
    }
    body["password"] = *fresh;
    const Result<json::value> changed =
        client->post("/users/" + percent_encoded(options.name) + "/password", body);
    if (!changed) {
        return session.fail(guessed(*client, changed.error(), "users", options.name));
    }
    session.say("changed the password of " + options.name + "; its sessions have ended");
    return exit_success;
}

void add_fields(CLI::App& verb, Options& options) {
    verb.add_option("--site", options.sites, "A site it may see; several times; none: all");
    verb.add_option("--language", options.language, "en or zh-CN");
    verb.add_option("--time-zone", options.time_zone, "Such as Europe/Berlin");
}

}  // namespace

void add_user_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    const CLI::IsMember roles({"viewer", "operator", "administrator"});
    CLI::App* users = app.add_subcommand("user", "Who may sign in");
    users->require_subcommand(1);
    const auto add = [&](const char* name, const char* about, int (*run)(Session&, const Options&)
                     ) {
        CLI::App* verb = users->add_subcommand(name, about);
        verb->add_option("NAME", options->name, "The user's name")->required();
        verb->callback([&session, options, run] {
            session.action = [&session, options, run] { return run(session, *options); };
        });
        return verb;
    };

    CLI::App* lister = users->add_subcommand("list", "Users, by name");
    add_selection(*lister, options->select);
    lister->callback([&session, options] {
        session.action = [&session, options] { return list(session, *options); };
    });

    CLI::App* creator = add("create", "A new user; asks for the password", create);
    creator->add_option("--role", options->role, "viewer, operator or administrator")
        ->required()
        ->check(roles);
    creator->add_option("--password-file", options->password_file, "File of the password, or -");
    add_fields(*creator, *options);

    CLI::App* editor =
        add("edit", "Changes what is given, and ends sessions where rights change", edit);
    editor->add_option("--role", options->role, "viewer, operator or administrator")->check(roles);
    add_fields(*editor, *options);
    editor->add_flag("--all-sites", options->all_sites, "It may see every site")
        ->excludes("--site");
    CLI::Option* disable = editor->add_flag("--disable", options->disable, "It may not sign in");
    editor->add_flag("--enable", options->enable, "It may sign in again")->excludes(disable);

    add("delete", "Ends the user, with its sessions and tokens", erase);

    CLI::App* changer = add("password", "A new password; your own with the current one", password);
    changer->add_option("--password-file", options->password_file, "File of the new one, or -");
    changer->add_option("--current-file", options->current_file, "File of the current one, or -");
}

}  // namespace muster::ctl
