#include "base/bytes.hpp"
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace muster::ctl {

namespace {

struct Options {
    std::string actor;
    std::string action;
    std::string from;
    std::string to;
    ListSelection select;
};

int list(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    QueryFields query;
    for (const auto& [name, value] :
         {std::pair("actor", &options.actor),
          std::pair("action", &options.action),
          std::pair("from", &options.from),
          std::pair("to", &options.to)}) {
        if (!value->empty()) {
            query[name] = *value;
        }
    }
    const Result<Listing> rows = client->list("/audit", std::move(query), options.select);
    if (!rows) {
        return session.fail(rows.error());
    }
    Table table{{"ROW", "AT", "ACTOR", "ACTION", "FROM", "WHAT"}, {}};
    for (const json::value& row : rows->items) {
        table.rows.push_back(
            {{text_of(row, "id")},
             {session.time(member_of(row, "at"))},
             {text_of(row, "actor")},
             {text_of(row, "action")},
             {text_of(row, "peer")},
             {text_of(row, "target")}}
        );
    }
    return session.print(table, *rows);
}

int verify(Session& session) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> verdict = client->get("/audit/verify");
    if (!verdict) {
        return session.fail(verdict.error());
    }
    const bool intact = text_of(*verdict, "intact") == "true";
    if (session.format() == Format::json) {
        session.print({}, *verdict);
        return intact ? exit_success : exit_failed;
    }
    if (!intact) {
        session.world().out << printable(fmt::format(
                                   "row {} is the first that does not hold: {}; {} rows in all",
                                   text_of(*verdict, "first_broken", "id"),
                                   text_of(*verdict, "why"),
                                   text_of(*verdict, "rows")
                               ))
                            << std::endl;
        return exit_failed;
    }
    session.world().out << printable(fmt::format(
                               "{} rows, all as they were written; the newest has the hash {}",
                               text_of(*verdict, "rows"),
                               text_of(*verdict, "head")
                           ))
                        << std::endl;
    return exit_success;
}

}  // namespace

void add_audit_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* audit = app.add_subcommand("audit", "Who changed access, and who came in");
    audit->require_subcommand(1);

    CLI::App* lister = audit->add_subcommand("list", "Newest first");
    lister->add_option("--actor", options->actor, "Of this user or token");
    lister->add_option("--action", options->action, "Such as user.created");
    add_moment(*lister, session, "--from", options->from, "Since, such as 22:00 or -24h");
    add_moment(*lister, session, "--to", options->to, "Until, likewise; not included");
    add_selection(*lister, options->select);
    lister->callback([&session, options] {
        session.action = [&session, options] { return list(session, *options); };
    });

    audit->add_subcommand("verify", "Whether every row is as it was written")->callback([&session] {
        session.action = [&session] { return verify(session); };
    });
}

}  // namespace muster::ctl
