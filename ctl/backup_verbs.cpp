#include "base/bytes.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace muster::ctl {

namespace {

constexpr Duration look_every = std::chrono::milliseconds(200);

std::string mebibytes(const json::value& backup) {
    const std::string bytes = text_of(backup, "bytes");
    return bytes.empty() ? "" : fmt::format("{:.1f} MiB", std::stod(bytes) / (1 << 20));
}

/// Asks until it is good or has failed; a large one takes minutes.
Result<json::value> wait_for(const ApiClient& client, const std::string& name) {
    for (;;) {
        Result<json::value> backup = client.get("/backups/" + percent_encoded(name));
        if (!backup || text_of(*backup, "state") != "making") {
            return backup;
        }
        ApiClient::pause(look_every);
    }
}

int make(Session& session) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> begun = client->post("/backups", {});
    if (!begun) {
        return session.fail(begun.error());
    }
    const Result<json::value> made = wait_for(*client, text_of(*begun, "name"));
    if (!made) {
        return session.fail(made.error());
    }
    if (text_of(*made, "state") != "good") {
        return session.fail(Error(ErrorKind::internal, text_of(*made, "why")));
    }
    if (session.format() == Format::json) {
        return session.print({}, *made);
    }
    session.world().out << printable(fmt::format(
                               "{}: {} files, {}, up to entry {}; every byte was read back",
                               text_of(*made, "name"),
                               text_of(*made, "files"),
                               mebibytes(*made),
                               text_of(*made, "last_entry")
                           ))
                        << std::endl;
    return exit_success;
}

int list(Session& session, const ListSelection& select) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<Listing> backups = client->list("/backups", {}, select);
    if (!backups) {
        return session.fail(backups.error());
    }
    Table table{{"BACKUP", "MADE", "STATE", "SIZE", "FILES", "UP TO ENTRY", "WHY"}, {}};
    for (const json::value& backup : backups->items) {
        table.rows.push_back(
            {{text_of(backup, "name")},
             {session.time(member_of(backup, "made"))},
             {text_of(backup, "state")},
             {mebibytes(backup)},
             {text_of(backup, "files")},
             {text_of(backup, "last_entry")},
             {text_of(backup, "why")}}
        );
    }
    return session.print(table, *backups);
}

}  // namespace

void add_backup_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto select = std::make_shared<ListSelection>();
    CLI::App* backup = app.add_subcommand("backup", "Makes a backup of the collector, now");
    backup->require_subcommand(0, 1);
    backup->callback([&session, backup] {
        if (backup->get_subcommands().empty()) {
            session.action = [&session] { return make(session); };
        }
    });
    CLI::App* lister = backup->add_subcommand("list", "Which there are, newest first");
    add_selection(*lister, *select);
    lister->callback([&session, select] {
        session.action = [&session, select] { return list(session, *select); };
    });
}

}  // namespace muster::ctl
