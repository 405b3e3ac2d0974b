#include "base/bytes.hpp"
#include "base/human_duration.hpp"
#include "config/values.hpp"
#include "ctl/guess.hpp"
#include "ctl/verbs.hpp"
#include "probes/probe_type.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::ctl {

namespace {

struct Options {
    std::string ci;
    std::string probe;
    std::string metric;
    std::string from;
    std::string to;
    bool all = false;
};

/// "99.93 %", cut and not rounded up: nothing that was not whole is shown as 100 %.
std::string percent(const json::value& answer, std::string_view member) {
    const json::value& share = member_of(answer, member);
    if (!share.is_number()) {
        return "unknown";
    }
    return fmt::format("{:.3f} %", std::floor(share.to_number<double>() * 100'000) / 1000);
}

std::string length(const json::value& answer, std::string_view member) {
    const json::value& ms = member_of(answer, member);
    return ms.is_number() ? human_duration(std::chrono::milliseconds(ms.to_number<std::int64_t>()))
                          : std::string();
}

Tone tone_of_share(const std::string& state) {
    return state == "up" ? Tone::good : state == "down" ? Tone::bad : Tone::doubtful;
}

Table intervals_table(Session& session, const json::array& items, bool all) {
    Table table{{"FROM", "TO", "STATE", "PROBE", "CAUSE"}, {}};
    for (const json::value& item : items) {
        const std::string state = text_of(item, "state");
        if (state == "up" && !all) {
            continue;
        }
        table.rows.push_back(
            {{session.exact_time(member_of(item, "from"))},
             {session.exact_time(member_of(item, "to"))},
             {state, tone_of_share(state)},
             {text_of(item, "probe", "name")},
             {text_of(item, "cause")}}
        );
    }
    return table;
}

/// Whether nothing is known because there is nothing that could observe it.
bool is_unwatched(const json::array& items) {
    return !items.empty() && std::ranges::all_of(items, [](const json::value& item) {
        return text_of(item, "cause") == "it has no probes";
    });
}

int availability(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    QueryFields query;
    if (!options.from.empty()) {
        query["from"] = options.from;
    }
    if (!options.to.empty()) {
        query["to"] = options.to;
    }
    const std::string path = "/cis/" + percent_encoded(options.ci) + "/availability";
    Result<json::value> answer = client->get(path, query);
    if (!answer) {
        return session.fail(guessed(*client, answer.error(), "cis", options.ci));
    }
    // The further pages ask for the same moments, not for what "now" is by then.
    query["from"] = text_of(*answer, "from");
    query["to"] = text_of(*answer, "to");
    Result<Listing> items =
        client->list(path, query, {.limit = no_limit, .filter = {}, .sort = {}});
    if (!items) {
        return session.fail(items.error());
    }
    answer->as_object()["items"] = items->items;
    answer->as_object().erase("next_cursor");
    const Table table = intervals_table(session, items->items, options.all);
    if (session.format() == Format::table) {
        session.world().out << fmt::format(
            "from {} to {}: available at least {}, at most {}; observed {} of the time\n"
            "up {}, down {}, unobserved {}, excluded {}\n",
            session.exact_time(member_of(*answer, "from")),
            session.exact_time(member_of(*answer, "to")),
            percent(*answer, "lower"),
            percent(*answer, "upper"),
            percent(*answer, "coverage"),
            length(*answer, "up_ms"),
            length(*answer, "down_ms"),
            length(*answer, "unobserved_ms"),
            length(*answer, "excluded_ms")
        );
        if (is_unwatched(items->items)) {
            session.say(printable(fmt::format(
                "{0} has no probes of its own: ask for what provides it (muster relation list {0})",
                text_of(*answer, "name")
            )));
            return exit_success;
        }
        if (table.rows.empty()) {
            return exit_success;
        }
    }
    return session.print(table, *answer);
}

Table candidates_table() {
    return {{"RANK", "BY", "ORIGIN", "PIECE", "SAYS", "VERDICT", "WHY"}, {}};
}

/// Which probe it is, whose it is and who runs it.
std::string heading(const json::value& probe) {
    const std::string agent = text_of(probe, "agent");
    return fmt::format(
        "{} {} of {}: from {} ({})\nrun by {}: {}\n",
        text_of(probe, "type"),
        text_of(probe, "name"),
        text_of(probe, "ci"),
        text_of(probe, "origin"),
        text_of(probe, "origin_why"),
        agent.empty() ? "nobody" : agent,
        text_of(probe, "vantage_why")
    );
}

/// Whether any candidate says something of what was asked.
bool says_something(const json::value& probe) {
    return std::ranges::any_of(items_of(probe, "candidates"), [](const json::value& candidate) {
        return !items_of(candidate, "pieces").empty();
    });
}

/// Each candidate in its order, also one that says nothing: else its rank would seem to be missing.
void add_rows(Table& table, const json::value& probe) {
    for (const json::value& candidate : items_of(probe, "candidates")) {
        const json::array& pieces = items_of(candidate, "pieces");
        if (pieces.empty()) {
            table.rows.push_back(
                {{text_of(candidate, "rank")},
                 {text_of(candidate, "specificity")},
                 {text_of(candidate, "origin")},
                 {""},
                 {"nothing", Tone::quiet},
                 {""},
                 {""}}
            );
        }
        for (const json::value& piece : pieces) {
            const bool wins = text_of(piece, "wins") == "true";
            table.rows.push_back(
                {{text_of(candidate, "rank")},
                 {text_of(candidate, "specificity")},
                 {text_of(candidate, "origin")},
                 {text_of(piece, "piece")},
                 {text_of(piece, "says")},
                 {wins ? "wins" : "", Tone::good},
                 {text_of(piece, "why"), Tone::quiet}}
            );
        }
    }
}

/// Whether one of the probes can have it.
Status check_metric(const json::value& answer, const std::string& metric) {
    std::vector<std::string_view> known;
    for (const json::value& probe : items_of(answer, "items")) {
        const std::string name = text_of(probe, "type");
        const probes::ProbeType* type = probes::find_probe_type(name);
        if (type == nullptr) {
            return {};  // of a collector that is newer: it knows
        }
        for (const config::MetricSpec& each : type->metrics) {
            known.push_back(each.name);
        }
    }
    if (metric.empty() || std::ranges::find(known, metric) != known.end()) {
        return {};
    }
    const std::string_view guess = config::nearest(metric, known);
    return failure(
        ErrorKind::invalid,
        guess.empty() ? fmt::format("no metric of this probe; it has {}", fmt::join(known, ", "))
                      : fmt::format("no metric of this probe; did you mean \"{}\"?", guess),
        metric
    );
}

int explain(Session& session, const Options& options) {
    const Result<ApiClient> client = session.connect();
    if (!client) {
        return session.fail(client.error());
    }
    QueryFields query;
    if (!options.metric.empty()) {
        query["metric"] = options.metric;
    }
    const Result<json::value> answer = client->get(
        "/cis/" + percent_encoded(options.ci) + "/probes/" + percent_encoded(options.probe) +
            "/explain",
        query
    );
    if (!answer) {
        return session.fail(guessed(*client, answer.error(), "cis", options.ci));
    }
    if (const Status known = check_metric(*answer, options.metric); !known) {
        return session.fail(known.error(), exit_usage);
    }
    if (session.format() != Format::table) {
        Table table = candidates_table();
        for (const json::value& probe : items_of(*answer, "items")) {
            add_rows(table, probe);
        }
        return session.print(table, *answer);
    }
    std::string_view between;
    for (const json::value& probe : items_of(*answer, "items")) {
        session.world().out << std::exchange(between, "\n") << heading(probe);
        Table table = candidates_table();
        if (says_something(probe)) {
            add_rows(table, probe);
            session.print(table, nullptr);
        } else if (!options.metric.empty()) {
            session.world().out << "no threshold on this metric\n";
        }
    }
    return exit_success;
}

}  // namespace

void add_availability_verb(CLI::App& app, Session& session) {
    // Owned by the callback below and by the options that write into it.
    const auto options = std::make_shared<Options>();
    CLI::App* verb = app.add_subcommand(
        "availability", "How much of a time a CI was up: bounds, coverage, and the intervals"
    );
    verb->add_option("CI", options->ci, "Its id or name")->required();
    add_moment(
        *verb, session, "--from", options->from, "Since, such as 22:00 or -7d; -24h by default"
    );
    add_moment(*verb, session, "--to", options->to, "Until, likewise; now by default");
    verb->add_flag("--all", options->all, "Also the intervals in which it was up");
    verb->callback([&session, options] {
        session.action = [&session, options] { return availability(session, *options); };
    });
}

void add_explain_verb(CLI::App& policies, Session& session) {
    const auto options = std::make_shared<Options>();
    CLI::App* verb = policies.add_subcommand(
        "explain", "Why a probe is there, who runs it, and which threshold wins"
    );
    verb->add_option("CI", options->ci, "Its id or name")->required();
    verb->add_option("PROBE", options->probe, "Its name or id")->required();
    verb->add_option("METRIC", options->metric, "Only what is said of this metric");
    verb->callback([&session, options] {
        session.action = [&session, options] { return explain(session, *options); };
    });
}

}  // namespace muster::ctl
