// Owns: the rows of join tokens: making, listing, withdrawing, using up. Leaves to access_store.cpp: who enrols with them; to
// join_rules.hpp: what they demand.
#include "collector/enrolment/access_sql.hpp"
#include "collector/enrolment/access_store.hpp"
#include "collector/enrolment/join_rules.hpp"
#include "collector/enrolment/store_tools.hpp"
#include "collector/enrolment/tokens.hpp"

#include <algorithm>
#include <utility>

namespace muster::collector {

namespace {

Failure refused(std::string why) {
    return failure(ErrorKind::refused, std::move(why));
}

Result<JoinToken> read_join_token(Statement& row) {
    auto sources = sites_from(row.text(9));
    if (!sources) {
        return failure(sources.error());
    }
    return JoinToken{
        .id = std::string(row.text(0)),
        .site = std::string(row.text(1)),
        .name = std::string(row.text(2)),
        .uses = static_cast<std::uint32_t>(row.integer(3)),
        .max_uses = static_cast<std::uint32_t>(row.integer(4)),
        .created = wall_from_ns(row.integer(5)),
        .expires = wall_from_ns(row.integer(6)),
        .created_by = std::string(row.text(7)),
        .revoked = row.integer(8) != 0,
        .sources = std::move(*sources)
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

}  // namespace

Result<CreatedJoinToken> AccessStore::create_join_token(
    const JoinTokenRequest& request,
    const Actor& actor,
    const std::string& pin,
    Random& random,
    WallTime now
) {
    if (auto good = check_token_name(request.name); !good) {
        return failure(good.error());
    }
    const bool is_for_one = !request.name.empty() && !is_name_pattern(request.name);
    if (is_for_one && request.max_uses > 1) {
        return failure(
            ErrorKind::invalid,
            "a join token for one name is used once; for several agents give a pattern, such as " +
                request.name + "-*"
        );
    }
    if (is_for_one) {
        const auto taken = agent_named(request.name);
        if (!taken) {
            return failure(taken.error());
        }
        if (*taken && !(*taken)->is_active) {
            return failure(revoked_name(request.name));
        }
    }
    std::vector<std::string> sources;
    for (const std::string& text : request.sources) {
        auto range = read_source_range(text);
        if (!range) {
            return failure(range.error(), text);
        }
        sources.push_back(std::move(*range));
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
        .revoked = false,
        .sources = std::move(sources)
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
            .bind_text(7, token.created_by)
            .bind_text(8, sites_text(token.sources));
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
    return gather<JoinToken>(*all, read_join_token);
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
    Result<JoinToken> token = read_join_token(*find);
    if (token && *used == 0) {
        return refused(why_not(*token, now));
    }
    if (token && !comes_from(token->sources, request.peer)) {
        return refused("this join token may not be used from where you are");
    }
    return token;
}

}  // namespace muster::collector
