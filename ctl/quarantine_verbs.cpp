#include "base/bytes.hpp"
#include "base/files.hpp"
#include "ctl/verbs.hpp"

#include <memory>
#include <utility>

namespace muster::ctl {

namespace {

struct Options {
    std::string id;
    std::string payload;
    ListSelection select;
};

/// By name where the record has one.
std::string agent_of(const json::value& item) {
    const std::string name = text_of(item, "agent", "name");
    return name.empty() ? text_of(item, "agent", "id") : name;
}

int list(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<Listing> found = client->list("/quarantine", {}, options.select);
    if (!found) {
        return session.fail(found.error());
    }
    Table table{{"ID", "AT", "AGENT", "RECORD", "BYTES", "WHY"}, {}};
    for (const json::value& item : found->items) {
        table.rows.push_back(
            {{text_of(item, "id")},
             {session.time(member_of(item, "at"))},
             {agent_of(item)},
             {text_of(item, "seq")},
             {text_of(item, "bytes")},
             {text_of(item, "why")}}
        );
    }
    return session.print(table, *found);
}

Status keep(Files& files, const json::value& item, const std::string& path) {
    const Result<std::string> bytes = from_base64url(text_of(item, "payload"));
    if (!bytes) {
        return failure(bytes.error(), "payload");
    }
    return write_file_atomically(files, path, *bytes);
}

int show(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    const Result<json::value> item = client->get("/quarantine/" + percent_encoded(options.id));
    if (!item) {
        return session.fail(item.error());
    }
    if (!options.payload.empty()) {
        if (const Status kept = keep(session.world().files, *item, options.payload); !kept) {
            return session.fail(kept.error());
        }
    }
    Table table{{"FIELD", "VALUE"}, {}};
    table.rows.push_back({{"agent", Tone::quiet}, {agent_of(*item)}});
    for (const char* field : {"why", "seq", "spool", "bytes", "id"}) {
        table.rows.push_back({{field, Tone::quiet}, {text_of(*item, field)}});
    }
    table.rows.push_back({{"came", Tone::quiet}, {session.time(member_of(*item, "at"))}});
    return session.print(table, *item);
}

}  // namespace

void add_quarantine_verbs(CLI::App& app, Session& session) {
    // Owned by the callbacks below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* quarantine =
        app.add_subcommand("quarantine", "Records of agents that the collector set aside");
    quarantine->require_subcommand(1);

    CLI::App* lister = quarantine->add_subcommand("list", "Which there are and why, newest first");
    add_selection(*lister, options->select);
    lister->callback([&session, options] {
        session.action = [&session, options] { return list(session, *options); };
    });

    CLI::App* shower = quarantine->add_subcommand("show", "One of them");
    shower->add_option("id", options->id, "Its id in the list")->required();
    shower
        ->add_option(
            "--payload", options->payload, "Writes its bytes, as the agent sent them, here"
        )
        ->type_name("FILE");
    shower->callback([&session, options] {
        session.action = [&session, options] { return show(session, *options); };
    });
}

}  // namespace muster::ctl
