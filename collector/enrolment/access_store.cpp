#include "collector/enrolment/access_store.hpp"

#include "base/bytes.hpp"
#include "collector/enrolment/access_sql.hpp"
#include "collector/enrolment/join_rules.hpp"
#include "collector/enrolment/store_tools.hpp"
#include "collector/migrations.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t longest_name = longest_access_name;
constexpr int names_to_try = 1000;

Failure refused(std::string why) {
    return failure(ErrorKind::refused, std::move(why));
}

std::string clean_name(std::string_view text) {
    std::string name;
    for (const char c : text.substr(0, longest_name - 8)) {
        name += is_good_agent_name(std::string_view(&c, 1)) ? c : '-';
    }
    return name.empty() ? std::string("agent") : name;
}

}  // namespace

/// The columns of find_agent_name and of the lists.
Result<EnrolledAgent> AccessStore::read_agent(Statement& row) {
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
        .next_serial = std::string(row.text(6)),
        .authorities = std::string(row.text(7))
    };
}

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

/// The token's name binds, also where it is taken; a wished one must be free; a host name gets a number when it is not. What fits
/// a pattern is a wished name or a host name.
Result<std::string> AccessStore::choose_name(const EnrolRequest& request, const JoinToken& token) {
    const bool is_for_one = !token.name.empty() && !is_name_pattern(token.name);
    if (is_for_one && !request.name.empty() && token.name != request.name) {
        return refused("this join token is for an agent named \"" + token.name + "\"");
    }
    const std::string& asked = is_for_one ? token.name : request.name;
    if (!asked.empty() && !is_good_agent_name(asked)) {
        return failure(ErrorKind::invalid, "an agent's name has letters, digits, '-', '_' and '.'");
    }
    if (is_for_one) {
        return token.name;
    }
    const std::string base = asked.empty() ? clean_name(request.hostname) : asked;
    std::string name = base;
    for (int number = 2; number < names_to_try; ++number) {
        if (!token.name.empty() && !fits_pattern(token.name, name)) {
            return refused(
                "this join token is for agents named \"" + token.name + "\", and not for \"" +
                name + "\"; choose a name with --name"
            );
        }
        auto taken = agent_named(name);
        if (!taken) {
            return failure(taken.error());
        }
        if (!*taken) {
            return name;
        }
        if (!asked.empty() && !(*taken)->is_active) {
            return failure(revoked_name(name));
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
    const EnrolledAgent& agent, const EnrolRequest& request, const Signed& certificate, WallTime now
) {
    auto insert = parts_->database.prepare(insert_agent_row);
    if (insert) {
        insert->bind_blob(0, agent.id.raw())
            .bind_text(1, agent.name)
            .bind_text(2, agent.site)
            .bind_text(3, agent.hostname)
            .bind_text(4, printable(request.version, longest_name))
            .bind_text(5, agent.serial)
            .bind(6, to_ns(certificate.not_after))
            .bind(7, to_ns(now))
            .bind_text(8, certificate.issuer);
    }
    return run_to_end(insert);
}

/// Whoever makes a join token for a name that is taken wants that agent back: its older certificate ends.
Status AccessStore::renew_agent(
    const EnrolledAgent& agent, const EnrolRequest& request, const Signed& certificate
) {
    auto update = parts_->database.prepare(renew_agent_row);
    if (!update) {
        return failure(update.error());
    }
    const auto changed = update->bind_text(0, agent.site)
                             .bind_text(1, agent.hostname)
                             .bind_text(2, printable(request.version, longest_name))
                             .bind_text(3, agent.serial)
                             .bind(4, to_ns(certificate.not_after))
                             .bind_text(5, certificate.issuer)
                             .bind_blob(6, agent.id.raw())
                             .run();
    if (!changed) {
        return failure(changed.error());
    }
    return *changed == 1 ? Status{} : Status{failure(revoked_name(agent.name))};
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
    const Signed made{.not_after = issued->not_after, .issuer = authority.pin()};
    const Status kept =
        *known ? renew_agent(agent, request, made) : insert_agent(agent, request, made, now);
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

Status AccessStore::note_trust(AgentId agent, const std::string& authorities) {
    auto update = parts_->database.prepare(note_authorities);
    if (update) {
        update->bind_text(0, authorities).bind_blob(1, agent.raw());
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
