#include "collector/api/explain.hpp"

#include "base/uuid.hpp"
#include "collector/api/policy_store.hpp"
#include "collector/api/rows.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace muster::collector {

namespace {

constexpr NamedQuery probes_named{
    "explain.probes",
    R"(SELECT p.id, p.name, p.type, p.origin, a.name, p.host, p.rule, c.name, c.id, c.site
       FROM probe p JOIN ci c ON c.id = p.ci LEFT JOIN agent a ON a.id = p.agent
       WHERE p.ci = ?1 AND (p.name = ?2 OR p.id = ?3) AND p.removed_lsn IS NULL
         AND (?4 IS NULL OR c.site IN (SELECT value FROM json_each(?4)))
       ORDER BY p.origin, p.row)"
};

constexpr std::array queries{probes_named};

struct Row {
    json::object shown;  ///< id, name, type, origin, agent, host, rule
    std::string type;
    std::string name;
    std::string origin;
    std::string agent;
    std::string ci_name;
    std::string ci_id;
    std::string site;
};

/// Who declared it.
struct Origin {
    const config::RuleParts* parts = nullptr;  ///< null: neither a target nor a policy
    const config::Vantage* from = nullptr;
    std::string why;
};

/// One thing a rule says, and by whom.
struct Said {
    std::string piece;  ///< "answering", "metric rtt_avg", "successes", "hold", "flapping"
    std::string text;
};

std::vector<Said> says(const config::RuleParts& parts, std::string_view type) {
    std::vector<Said> out;
    if (parts.answering) {
        out.push_back(
            {"answering",
             config::answering_text(parts.answering->failures, parts.answering->availability)}
        );
    }
    for (const config::MetricLimit& limit : parts.metrics) {
        if (limit.probe_type == type) {
            out.push_back({"metric " + limit.metric, config::limit_text(limit)});
        }
    }
    if (parts.successes) {
        out.push_back({"successes", std::to_string(*parts.successes) + " in a row"});
    }
    if (parts.hold) {
        out.push_back({"hold", format_duration(*parts.hold)});
    }
    if (parts.flapping) {
        out.push_back(
            {"flapping",
             std::to_string(parts.flapping->transitions) + " transitions in " +
                 format_duration(parts.flapping->over)}
        );
    }
    return out;
}

Origin origin_of(const config::Watch& watch, const std::string& origin) {
    constexpr std::string_view target = "target ";
    constexpr std::string_view policy = "policy ";
    if (origin.starts_with(target)) {
        const auto found =
            std::ranges::find(watch.targets, origin.substr(target.size()), &config::Target::name);
        if (found != watch.targets.end()) {
            return {&found->parts, &found->from, "declared by hand for this CI"};
        }
    }
    if (origin.starts_with(policy)) {
        const auto found =
            std::ranges::find(watch.policies, origin.substr(policy.size()), &config::Policy::name);
        if (found != watch.policies.end()) {
            return {&found->parts, &found->from, "it matches: " + found->match.text()};
        }
    }
    return {nullptr, nullptr, "every agent's host is watched by another agent"};
}

std::string vantage_why(const config::Vantage* from, const Row& row) {
    if (from == nullptr) {
        return "another agent than the one whose host it is";
    }
    if (row.agent.empty()) {
        return "no agent fits \"from\"";
    }
    if (!from->agent.empty()) {
        return "the agent that \"from\" names";
    }
    const std::string site = from->site == "same" ? row.site : from->site;
    std::string why = from->any > 1
                          ? "one of the first " + std::to_string(from->any) + " that enrolled"
                          : std::string("the first that enrolled");
    why += site.empty() ? "" : " of site " + site;
    why += from->site == "same" ? ", the CI's own" : "";
    return from->any > 1 ? why + "; " + std::to_string(from->quorum) + " of them make a fault"
                         : why;
}

bool is_asked(const ExplainQuestion& question, const Said& said) {
    return question.metric.empty() || said.piece == "metric " + question.metric;
}

/// Why this candidate stands before the next one that says the same.
std::string reason_of(const config::Candidate& won, const config::Candidate* next) {
    if (next == nullptr) {
        return "nothing else says it";
    }
    const std::string than = " than " + next->origin;
    if (won.specificity != next->specificity) {
        return std::string(config::to_string(won.specificity)) + " is more specific than " +
               std::string(config::to_string(next->specificity)) + ": " + next->origin;
    }
    if (won.origin.starts_with("threshold ") != next->origin.starts_with("threshold ")) {
        return "a threshold comes before what is declared: " + next->origin;
    }
    if (won.fields != next->fields) {
        return "its query names more fields" + than;
    }
    return "equally specific, and earlier in the alphabet" + than;
}

/// Everything that says something of the probe, most specific first.
struct Ranking {
    std::vector<config::Candidate> candidates;
    std::vector<std::vector<Said>> said;  ///< by candidate
};

/// The first candidate from `from` on that says this piece; null: none.
const config::Candidate* first_saying(
    const Ranking& ranking, std::size_t from, const std::string& piece
) {
    for (std::size_t at = from; at < ranking.candidates.size(); ++at) {
        if (std::ranges::find(ranking.said[at], piece, &Said::piece) != ranking.said[at].end()) {
            return &ranking.candidates[at];
        }
    }
    return nullptr;
}

json::array candidates_json(
    const Ranking& ranking, const config::Watch& watch, const ExplainQuestion& question
) {
    json::array out;
    for (std::size_t at = 0; at < ranking.candidates.size(); ++at) {
        const config::Candidate& candidate = ranking.candidates[at];
        json::array pieces;
        for (const Said& said : ranking.said[at]) {
            if (!is_asked(question, said)) {
                continue;
            }
            const config::Candidate* first = first_saying(ranking, 0, said.piece);
            pieces.push_back(json::object{
                {"piece", json_text(said.piece)},
                {"says", json_text(said.text)},
                {"wins", first == &candidate},
                {"why",
                 json_text(
                     first == &candidate
                         ? reason_of(candidate, first_saying(ranking, at + 1, said.piece))
                         : "behind " + first->origin
                 )}
            });
        }
        json::object shown{
            {"rank", at + 1},
            {"origin", json_text(candidate.origin)},
            {"specificity", config::to_string(candidate.specificity)},
            {"fields", candidate.fields},
            {"match", nullptr},
            {"pieces", std::move(pieces)}
        };
        const auto threshold =
            std::ranges::find_if(watch.thresholds, [&](const config::Threshold& each) {
                return &each.parts == candidate.parts;
            });
        if (threshold != watch.thresholds.end()) {
            shown["match"] = json_text(
                threshold->pin.empty() ? threshold->match.text() : "pin: " + threshold->pin
            );
        }
        out.push_back(std::move(shown));
    }
    return out;
}

Ranking rank_for(
    const config::Watch& watch,
    const std::vector<bool>& matches,
    const Row& row,
    const config::RuleParts& declared
) {
    Ranking out;
    const bool is_target = row.origin.starts_with("target ");
    out.candidates.push_back(
        {.origin = row.origin,
         .specificity = is_target ? config::Specificity::pin : config::Specificity::policy,
         .parts = &declared}
    );
    out.candidates.push_back(
        {.origin = "shipped defaults",
         .specificity = config::Specificity::shipped,
         .parts = &config::shipped_parts()}
    );
    for (std::size_t at = 0; at < watch.thresholds.size(); ++at) {
        const config::Threshold& threshold = watch.thresholds[at];
        const bool is_about = threshold.pin.empty()
                                  ? matches[at]
                                  : threshold.pin == row.ci_name || threshold.pin == row.ci_id;
        if (is_about && config::concerns(threshold, row.type, row.name)) {
            out.candidates.push_back(config::candidate_of(threshold));
        }
    }
    config::rank(out.candidates);
    for (const config::Candidate& candidate : out.candidates) {
        out.said.push_back(says(*candidate.parts, row.type));
    }
    return out;
}

Row row_of(const Statement& row) {
    Row out;
    out.shown = json::object{
        {"id", json_id(row, 0)},
        {"name", json_text(row, 1)},
        {"type", json_text(row, 2)},
        {"origin", json_text(row, 3)},
        {"agent", json_text(row, 4)},
        {"host", json_text(row, 5)},
        {"rule", json_embedded(row, 6)},
        {"ci", json_text(row, 7)}
    };
    out.name = row.text(1);
    out.type = row.text(2);
    out.origin = row.text(3);
    out.agent = row.is_null(4) ? std::string() : std::string(row.text(4));
    out.ci_name = row.text(7);
    const auto id = Uuid::from_bytes(row.blob(8));
    out.ci_id = id ? CiId(*id).text() : std::string();
    out.site = row.text(9);
    return out;
}

}  // namespace

Result<json::object> explain_probes(
    StateConnection& connection,
    const ReadScope& scope,
    const cmdb::Model& model,
    const config::Watch& watch,
    const ExplainQuestion& question
) {
    const auto id = Uuid::parse(question.probe);
    const std::string raw = id ? std::string(id->raw()) : std::string();
    std::vector<Row> rows;
    const Status read = visit_rows(
        connection,
        probes_named,
        [&](Statement& statement) {
            statement.bind_blob(0, question.ci).bind_text(1, question.probe).bind_blob(2, raw);
            scope.bind(statement, 3);
        },
        [&](const Statement& row) { rows.push_back(row_of(row)); }
    );
    if (!read) {
        return failure(read.error());
    }
    std::vector<config::Query> matches;
    for (const config::Threshold& threshold : watch.thresholds) {
        matches.push_back(threshold.match);
    }
    const Result<std::vector<bool>> is_about =
        matching_queries(connection, scope, model, question.ci, matches);
    if (!is_about) {
        return failure(is_about.error());
    }
    json::array items;
    for (Row& row : rows) {
        const Origin origin = origin_of(watch, row.origin);
        json::object shown = std::move(row.shown);
        shown["origin_why"] = json_text(origin.why);
        shown["vantage_why"] = json_text(vantage_why(origin.from, row));
        shown["candidates"] = json::array{};
        if (origin.parts != nullptr) {
            shown["candidates"] =
                candidates_json(rank_for(watch, *is_about, row, *origin.parts), watch, question);
        }
        items.push_back(std::move(shown));
    }
    return json::object{
        {"order", json::array{"pin", "label", "site", "class", "policy", "shipped"}},
        {"items", std::move(items)}
    };
}

std::span<const NamedQuery> explain_queries() {
    return queries;
}

}  // namespace muster::collector
