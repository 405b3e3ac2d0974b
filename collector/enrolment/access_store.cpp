#include "collector/enrolment/access_store.hpp"

#include "base/bytes.hpp"
#include "collector/enrolment/access_sql.hpp"
#include "collector/enrolment/store_tools.hpp"
#include "collector/enrolment/tokens.hpp"
#include "collector/migrations.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t longest_name = longest_access_name;
constexpr int names_to_try = 1000;

Failure refused(std::string why) {
    return failure(ErrorKind::refused, std::move(why));
}

JoinToken read_join_token(const Statement& row) {
    return {
        .id = std::string(row.text(0)),
        .site = std::string(row.text(1)),
        .name = std::string(row.text(2)),
        .uses = static_cast<std::uint32_t>(row.integer(3)),
        .max_uses = static_cast<std::uint32_t>(row.integer(4)),
        .created = wall_from_ns(row.integer(5)),
        .expires = wall_from_ns(row.integer(6)),
        .created_by = std::string(row.text(7)),
        .revoked = row.integer(8) != 0
    };
}

std::string why_not(const JoinToken& token, WallTime now) {
    if (token.revoked) {
        return "join token revoked";
    }
    if (token.uses >= token.max_uses) {
        return "join token already used";
    }
    if (token.expires <= now) {
        return "join token expired at " + format_rfc3339(token.expires);
    }
    return "join token unknown";
}

/// Names stand in tables, messages and configuration: no spaces, no control characters.
bool is_good_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name &&
           std::ranges::all_of(name, [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
           });
}

std::string clean_name(std::string_view text) {
    std::string name;
    for (const char c : text.substr(0, longest_name - 8)) {
        name += is_good_name(std::string_view(&c, 1)) ? c : '-';
    }
    return name.empty() ? std::string("agent") : name;
}

/// The columns of find_agent_name and of the lists.
Result<EnrolledAgent> read_agent(Statement& row) {
    const auto id = Uuid::from_bytes(row.blob(0));
    if (!id) {
        return failure(id.error(), "access.db");
    }
    return EnrolledAgent{
        .id = AgentId(*id),
        .name = std::string(row.text(1)),
        .site = std::string(row.text(2)),
        .hostname = std::string(row.text(3)),
        .serial = std::string(row.text(4)),
        .is_active = row.integer(5) != 0,
        .next_serial = std::string(row.text(6))
    };
}

}  // namespace

Result<AccessStore> AccessStore::open(const std::string& path) {
    auto database = Database::open(path, {.mode = DatabaseMode::writer});
    if (!database) {
        return failure(database.error());
    }
    if (auto migrated = database->migrate(enrolment_migrations()); !migrated) {
        return failure(migrated.error());
    }
    AccessStore store(std::move(*database));
    if (auto sealed = store.parts_->audit.seal(); !sealed) {
        return failure(sealed.error());
    }
    return store;
}

Result<CreatedJoinToken> AccessStore::create_join_token(
    const JoinTokenRequest& request,
    const Actor& actor,
    const std::string& pin,
    Random& random,
    WallTime now
) {
    if (!request.name.empty() && !is_good_name(request.name)) {
        return failure(
            ErrorKind::invalid,
            "an agent's name has letters, digits, '-', '_' and '.', at most " +
                std::to_string(longest_name)
        );
    }
    if (!request.name.empty() && request.max_uses > 1) {
        return failure(ErrorKind::invalid, "a join token for one name is used once");
    }
    MadeToken made = make_join_token(random, pin);
    JoinToken token{
        .id = made.parts.id,
        .site = request.site,
        .name = request.name,
        .uses = 0,
        .max_uses = std::max(request.max_uses, 1U),
        .created = now,
        .expires = now + request.ttl,
        .created_by = actor.name,
        .revoked = false
    };
    auto transaction = Transaction::begin(parts_->database);
    auto insert = transaction ? parts_->database.prepare(insert_join_token)
                              : Result<Statement>(failure(transaction.error()));
    if (insert) {
        insert->bind_text(0, token.id)
            .bind_blob(1, made.parts.secret_hash)
            .bind_text(2, token.site)
            .bind_text(3, token.name)
            .bind(4, std::int64_t{token.max_uses})
            .bind(5, to_ns(now))
            .bind(6, to_ns(token.expires))
            .bind_text(7, token.created_by);
    }
    if (auto inserted = run_to_end(insert); !inserted) {
        return failure(inserted.error());
    }
    if (auto told = parts_->audit.add(now, actor.name, "join_token.created", token.id, actor.peer);
        !told) {
        return failure(told.error());
    }
    if (auto committed = transaction->commit(); !committed) {
        return failure(committed.error());
    }
    return CreatedJoinToken{.token = std::move(made.token), .row = std::move(token)};
}

Result<std::vector<JoinToken>> AccessStore::join_tokens() {
    auto all = parts_->database.prepare(all_join_tokens);
    if (!all) {
        return failure(all.error());
    }
    std::vector<JoinToken> found;
    auto row = all->step();
    for (; row && *row; row = all->step()) {
        found.push_back(read_join_token(*all));
    }
    if (!row) {
        return failure(row.error());
    }
    return found;
}

Status AccessStore::revoke_join_token(const std::string& id, const Actor& actor, WallTime now) {
    auto transaction = Transaction::begin(parts_->database);
    auto update = transaction ? parts_->database.prepare(withdraw_join_token)
                              : Result<Statement>(failure(transaction.error()));
    if (update) {
        update->bind_text(0, id);
    }
    const Result<std::int64_t> changed = run_counted(update);
    if (!changed) {
        return failure(changed.error());
    }
    if (*changed == 0) {
        return failure(ErrorKind::not_found, "there is no join token with this id", id);
    }
    const Status told = parts_->audit.add(now, actor.name, "join_token.revoked", id, actor.peer);
    return told ? transaction->commit() : told;
}

Status AccessStore::note(
    WallTime now, const Actor& actor, const std::string& action, const std::string& target
) {
    auto transaction = Transaction::begin(parts_->database);
    if (!transaction) {
        return failure(transaction.error());
    }
    const Status told = parts_->audit.add(now, actor.name, action, target, actor.peer);
    return told ? transaction->commit() : told;
}

/// Part of the caller's transaction: an enrolment that fails later gives the use back.
Result<JoinToken> AccessStore::use_token(const EnrolRequest& request, WallTime now) {
    auto parts = parse_join_token(request.token);
    if (!parts) {
        return failure(parts.error());
    }
    auto use = parts_->database.prepare(use_join_token);
    if (!use) {
        return failure(use.error());
    }
    auto used =
        use->bind_text(0, parts->id).bind_blob(1, parts->secret_hash).bind(2, to_ns(now)).run();
    auto find = parts_->database.prepare(find_join_token);
    if (!used || !find) {
        return failure(!used ? used.error() : find.error());
    }
    auto row = find->bind_text(0, parts->id).bind_blob(1, parts->secret_hash).step();
    if (!row) {
        return failure(row.error());
    }
    if (!*row) {
        return refused("join token unknown");
    }
    JoinToken token = read_join_token(*find);
    if (*used == 0) {
        return refused(why_not(token, now));
    }
    return token;
}

Result<std::optional<EnrolledAgent>> AccessStore::agent_named(const std::string& name) {
    auto find = parts_->database.prepare(find_agent_name);
    auto row = find ? find->bind_text(0, name).step() : failure(find.error());
    if (!row) {
        return failure(row.error());
    }
    if (!*row) {
        return std::nullopt;
    }
    auto agent = read_agent(*find);
    if (!agent) {
        return failure(agent.error());
    }
    return std::move(*agent);
}

/// The token's name binds, also where it is taken; a wished one must be free; a host name gets a number when it is not.
Result<std::string> AccessStore::choose_name(const EnrolRequest& request, const JoinToken& token) {
    if (!token.name.empty() && !request.name.empty() && token.name != request.name) {
        return refused("this join token is for an agent named \"" + token.name + "\"");
    }
    const std::string& asked = token.name.empty() ? request.name : token.name;
    if (!asked.empty() && !is_good_name(asked)) {
        return failure(ErrorKind::invalid, "an agent's name has letters, digits, '-', '_' and '.'");
    }
    if (!token.name.empty()) {
        return token.name;
    }
    const std::string base = asked.empty() ? clean_name(request.hostname) : asked;
    std::string name = base;
    for (int number = 2; number < names_to_try; ++number) {
        auto taken = agent_named(name);
        if (!taken) {
            return failure(taken.error());
        }
        if (!*taken) {
            return name;
        }
        if (!asked.empty()) {
            break;
        }
        name = base + "-" + std::to_string(number);
    }
    return failure(
        ErrorKind::conflict,
        "an agent named \"" + base +
            "\" is enrolled already; choose another, or, to enrol that agent anew, use a join "
            "token made for this name"
    );
}

Status AccessStore::insert_agent(
    const EnrolledAgent& agent, const EnrolRequest& request, WallTime not_after, WallTime now
) {
    auto insert = parts_->database.prepare(insert_agent_row);
    if (insert) {
        insert->bind_blob(0, agent.id.raw())
            .bind_text(1, agent.name)
            .bind_text(2, agent.site)
            .bind_text(3, agent.hostname)
            .bind_text(4, printable(request.version, longest_name))
            .bind_text(5, agent.serial)
            .bind(6, to_ns(not_after))
            .bind(7, to_ns(now));
    }
    return run_to_end(insert);
}

/// Whoever makes a join token for a name that is taken wants that agent back: its older certificate ends.
Status AccessStore::renew_agent(
    const EnrolledAgent& agent, const EnrolRequest& request, WallTime not_after
) {
    auto update = parts_->database.prepare(renew_agent_row);
    if (!update) {
        return failure(update.error());
    }
    const auto changed = update->bind_text(0, agent.site)
                             .bind_text(1, agent.hostname)
                             .bind_text(2, printable(request.version, longest_name))
                             .bind_text(3, agent.serial)
                             .bind(4, to_ns(not_after))
                             .bind_blob(5, agent.id.raw())
                             .run();
    if (!changed) {
        return failure(changed.error());
    }
    return *changed == 1 ? Status{} : refused("the agent \"" + agent.name + "\" has been revoked");
}

Result<AccessStore::Enrolled> AccessStore::enrol(
    const EnrolRequest& request,
    const CertificateAuthority& authority,
    Duration valid,
    Random& random,
    WallTime now
) {
    auto transaction = Transaction::begin(parts_->database);
    if (!transaction) {
        return failure(transaction.error());
    }
    auto token = use_token(request, now);
    if (!token) {
        return failure(token.error());
    }
    auto name = choose_name(request, *token);
    if (!name) {
        return failure(name.error());
    }
    const auto known = agent_named(*name);
    if (!known) {
        return failure(known.error());
    }
    const AgentId id = *known ? (*known)->id : AgentId(Uuid::random(random));
    auto issued = wire::issue_agent(authority.authority(), request.request_pem, id, now, valid);
    if (!issued) {
        return failure(issued.error());
    }
    const EnrolledAgent agent{
        .id = id,
        .name = *name,
        .site = token->site.empty() && *known ? (*known)->site : token->site,
        .hostname = printable(request.hostname, longest_name),
        .serial = issued->serial,
        .is_active = true,
        .next_serial = {}
    };
    const WallTime until = issued->not_after;
    const Status kept =
        *known ? renew_agent(agent, request, until) : insert_agent(agent, request, until, now);
    if (!kept) {
        return failure(kept.error());
    }
    const std::string actor = "join token " + token->id;
    const std::string action = *known ? "agent.enrolled_anew" : "agent.enrolled";
    if (auto told = parts_->audit.add(now, actor, action, id.text(), request.peer); !told) {
        return failure(told.error());
    }
    if (auto committed = transaction->commit(); !committed) {
        return failure(committed.error());
    }
    return Enrolled{.agent = agent, .certificate_pem = std::move(issued->certificate_pem)};
}

Result<std::vector<EnrolledAgent>> AccessStore::read_agents(std::string_view sql) {
    auto all = parts_->database.prepare(sql);
    if (!all) {
        return failure(all.error());
    }
    std::vector<EnrolledAgent> found;
    auto row = all->step();
    for (; row && *row; row = all->step()) {
        auto agent = read_agent(*all);
        if (!agent) {
            return failure(agent.error());
        }
        found.push_back(std::move(*agent));
    }
    if (!row) {
        return failure(row.error());
    }
    return found;
}

Result<std::vector<EnrolledAgent>> AccessStore::agents() {
    return read_agents(all_agents);
}

Result<std::vector<EnrolledAgent>> AccessStore::unannounced() {
    return read_agents(unannounced_agents);
}

Status AccessStore::mark_announced(AgentId agent) {
    auto update = parts_->database.prepare(announce_agent);
    if (update) {
        update->bind_blob(0, agent.raw());
    }
    return run_to_end(update);
}

Status AccessStore::revoke(AgentId agent, const Actor& actor, WallTime now) {
    auto transaction = Transaction::begin(parts_->database);
    auto update = transaction ? parts_->database.prepare(revoke_agent)
                              : Result<Statement>(failure(transaction.error()));
    if (!update) {
        return failure(update.error());
    }
    auto changed = update->bind_blob(0, agent.raw()).run();
    if (!changed) {
        return failure(changed.error());
    }
    if (*changed == 0) {
        return failure(ErrorKind::not_found, "no active agent has the id " + agent.text());
    }
    if (auto told = parts_->audit.add(now, actor.name, "agent.revoked", agent.text(), actor.peer);
        !told) {
        return told;
    }
    return transaction->commit();
}

}  // namespace muster::collector
