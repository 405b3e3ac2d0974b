// `muster status`: the counts that matter, the most pressing first, each with the verb that shows more.
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <string>

namespace muster::ctl {

namespace {

constexpr std::size_t most_counted = 1000;

/// One line: how many there are of something that ought to be none.
struct Count {
    const char* what;
    const char* member;  ///< in JSON
    const char* path;
    QueryFields query;
    const char* filter;
    Tone tone;  ///< where there is any
    const char* more;
};

const Count counts[] = {
    {"incidents nobody has taken",
     "incidents_unhandled",
     "/incidents",
     {{"state", "new"}},
     "acknowledged = false",
     Tone::bad,
     "muster incident list --state new"},
    {"incidents open",
     "incidents_open",
     "/incidents",
     {{"state", "open"}},
     "",
     Tone::doubtful,
     "muster incident list"},
    {"CIs down",
     "cis_down",
     "/cis",
     {{"state", "down"}},
     "",
     Tone::bad,
     "muster ci list --state down"},
    {"CIs degraded",
     "cis_degraded",
     "/cis",
     {{"state", "degraded"}},
     "",
     Tone::doubtful,
     "muster ci list --state degraded"},
    {"agents silent",
     "agents_silent",
     "/agents",
     {{"state", "silent"}},
     "",
     Tone::bad,
     "muster agent list --filter 'state = silent'"},
    {"probes that never answered",
     "probes_unproven",
     "/probes",
     {{"state", "unproven"}},
     "",
     Tone::doubtful,
     "muster probes --state unproven"},
    {"maintenance windows active",
     "windows_active",
     "/windows",
     {{"state", "active"}},
     "",
     Tone::doubtful,
     "muster window list --state active"},
};

int status(Session& session) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    Table table{{"WHAT", "NOW", "MORE"}, {}};
    json::object whole;
    for (const Count& count : counts) {
        const Result<Listing> found = client->list(
            count.path, count.query, {.limit = most_counted, .filter = count.filter, .sort = ""}
        );
        if (!found) {
            return session.fail(found.error());
        }
        const std::size_t many = found->items.size();
        table.rows.push_back(
            {{count.what},
             {fmt::format("{}{}", found->has_more ? "more than " : "", many),
              many == 0 ? Tone::good : count.tone},
             {many == 0 ? "" : count.more, Tone::quiet}}
        );
        whole[count.member] = many;
    }
    const Result<json::value> own = client->readiness();
    if (!own) {
        return session.fail(own.error());
    }
    for (const json::value& check : items_of(*own, "checks")) {
        const bool is_ready = text_of(check, "ready") == "true";
        table.rows.push_back(
            {{"collector: " + text_of(check, "name")},
             {text_of(check, "detail"), is_ready ? Tone::good : Tone::bad},
             {is_ready || text_of(check, "name") != "telling" ? "" : "muster channel list",
              Tone::quiet}}
        );
    }
    whole["collector"] = *own;
    return session.print(table, whole);
}

}  // namespace

void add_status_verb(CLI::App& app, Session& session) {
    app.add_subcommand("status", "What matters now: incidents, what is down, who would be told")
        ->callback([&session] { session.action = [&session] { return status(session); }; });
}

}  // namespace muster::ctl
