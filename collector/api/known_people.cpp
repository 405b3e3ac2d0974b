#include "collector/api/known_people.hpp"

#include "base/bytes.hpp"
#include "collector/api/rows.hpp"
#include "collector/enrolment/access_store.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace muster::collector {

namespace {

constexpr NamedQuery teams{
    "people.teams",
    R"(SELECT name FROM ci WHERE class IN (SELECT value FROM json_each(?1))
         AND retired IS NULL AND merged_into IS NULL
       UNION SELECT value FROM ci_attribute
       WHERE name = 'owner_team' AND valid_to IS NULL AND superseded_lsn IS NULL)"
};
constexpr std::array queries{teams};

using Names = std::vector<std::string>;

/// team, and what is declared below it.
std::string team_classes(const cmdb::Model& model) {
    json::array classes;
    for (const std::string& name : model.names()) {
        if (model.is_a(name, "team")) {
            classes.push_back(json_text(name));
        }
    }
    return json::serialize(classes);
}

Task<Result<Names>> known_teams(StateReader* state) {
    std::function<Result<Names>(StateConnection&)> work = [](StateConnection& connection
                                                          ) -> Result<Names> {
        Names out;
        const std::string classes = team_classes(connection.model());
        const Status read = visit_rows(
            connection,
            teams,
            [&](Statement& statement) { statement.bind_text(0, classes); },
            [&](const Statement& row) { out.emplace_back(row.text(0)); }
        );
        return read ? Result<Names>(std::move(out)) : failure(read.error());
    };
    co_return co_await state->query<Names>(std::move(work));
}

Task<Result<Names>> known_users(const Call& call) {
    std::function<Result<Names>(AccessDesk&)> work = [own = call.actor.name](AccessDesk& desk
                                                     ) -> Result<Names> {
        const Result<std::vector<User>> users = desk.store.users().list();
        if (!users) {
            return failure(users.error());
        }
        Names out{own};
        for (const User& user : *users) {
            if (!user.disabled) {
                out.push_back(user.name);
            }
        }
        return out;
    };
    co_return co_await call.context->access.query<Names>(std::move(work));
}

std::string named(const json::object& body, std::string_view member) {
    const json::value* value = body.if_contains(member);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

/// "there is no user \"ana\"; did you mean \"anna\"?"
Flaw unknown(
    std::string_view member, std::string_view what, const std::string& name, const Names& known
) {
    const std::vector<std::string_view> candidates(known.begin(), known.end());
    const std::string_view guess = config::nearest(name, candidates);
    return {
        fmt::format("/{}", member),
        fmt::format(
            "there is no {} \"{}\"{}",
            what,
            printable(name),
            guess.empty() ? "" : fmt::format("; did you mean \"{}\"?", printable(guess))
        )
    };
}

}  // namespace

Task<Result<std::vector<Flaw>>> unknown_people(const Call& call, json::object body) {
    std::vector<Flaw> flaws;
    if (const std::string assignee = named(body, "assignee"); !assignee.empty()) {
        Task<Result<Names>> asking = known_users(call);
        const Result<Names> known = co_await std::move(asking);
        if (!known) {
            co_return failure(known.error());
        }
        if (std::ranges::find(*known, assignee) == known->end()) {
            flaws.push_back(unknown("assignee", "user", assignee, *known));
        }
    }
    if (const std::string team = named(body, "team"); !team.empty()) {
        Task<Result<Names>> asking = known_teams(call.context->state);
        const Result<Names> known = co_await std::move(asking);
        if (!known) {
            co_return failure(known.error());
        }
        if (std::ranges::find(*known, team) == known->end()) {
            flaws.push_back(unknown("team", "team", team, *known));
        }
    }
    co_return flaws;
}

std::span<const NamedQuery> known_people_queries() {
    return queries;
}

}  // namespace muster::collector
