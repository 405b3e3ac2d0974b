#include "collector/enrolment/tokens_store.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "collector/enrolment/sessions_store.hpp"
#include "collector/enrolment/store_tools.hpp"
#include "collector/enrolment/tokens.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace muster::collector {

namespace {

using namespace std::chrono_literals;

/// Not every request is a write.
constexpr Duration touched_every = 1min;
constexpr std::string_view first_token = "admin";
constexpr std::size_t most_seen = 4096;

constexpr std::string_view count_first =
    "SELECT COUNT(*) FROM api_token WHERE name = 'admin' AND owner IS NULL AND revoked = 0";
constexpr std::string_view insert_token =
    "INSERT INTO api_token(id, hash, name, owner, role, sites, created, created_by, expires) "
    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view find_token =
    "SELECT id, name, owner, role, sites, created, created_by, expires, last_used, revoked, hash "
    "FROM api_token WHERE id = ?";
constexpr std::string_view list_tokens =
    "SELECT id, name, owner, role, sites, created, created_by, expires, last_used, revoked "
    "FROM api_token WHERE ?1 = '' OR owner = ?1 ORDER BY created DESC, id LIMIT 10000";
constexpr std::string_view revoke_token =
    "UPDATE api_token SET revoked = 1 WHERE id = ? AND revoked = 0";
constexpr std::string_view touch_token = "UPDATE api_token SET last_used = ? WHERE id = ?";
constexpr std::string_view insert_address =
    "INSERT OR IGNORE INTO api_token_address(token, address, first_used) "
    "SELECT ?1, ?2, ?3 WHERE "
    "(SELECT COUNT(*) FROM api_token_address WHERE token = ?1) < ?4";

Result<ApiToken> read_token(Statement& row) {
    Result<std::vector<std::string>> sites = sites_from(row.text(4));
    if (!sites) {
        return failure(sites.error());
    }
    return ApiToken{
        .id = std::string(row.text(0)),
        .name = std::string(row.text(1)),
        .owner = row.is_null(2) ? std::string() : std::string(row.text(2)),
        .role = std::string(row.text(3)),
        .sites = std::move(*sites),
        .created = wall_from_ns(row.integer(5)),
        .created_by = std::string(row.text(6)),
        .expires = time_or_nothing(row, 7),
        .last_used = time_or_nothing(row, 8),
        .revoked = row.integer(9) != 0
    };
}

ReadScope scope_of(const std::vector<std::string>& sites) {
    return sites.empty() ? ReadScope::everything() : ReadScope::of_sites(sites);
}

/// What both allow.
ReadScope within(const ReadScope& a, const ReadScope& b) {
    if (a.is_everything() || b.is_everything()) {
        return a.is_everything() ? b : a;
    }
    std::vector<std::string> both;
    std::ranges::set_intersection(a.sites(), b.sites(), std::back_inserter(both));
    return ReadScope::of_sites(std::move(both));
}

/// What the token says, without its owner.
Actor actor_of(const ApiToken& token) {
    Actor actor;
    actor.name = token.name == first_token ? token.name : "token " + token.name;
    actor.granted = permission_of_role(token.role).value_or(Permission::nobody);
    actor.scope = scope_of(token.sites);
    actor.token = token.id;
    actor.expires = token.expires;
    return actor;
}

/// A file without a row is from a start that was cut short before the row: its token becomes the valid one.
std::optional<TokenParts> token_in(Files& files, const std::string& path) {
    if (!files.exists(path)) {
        return std::nullopt;
    }
    const Result<Secret> secret = read_secret_file(files, path);
    Result<TokenParts> known = secret ? parse_api_token(*secret) : failure(secret.error());
    return known ? std::optional(std::move(*known)) : std::nullopt;
}

}  // namespace

Result<bool> TokensStore::has_administrator() {
    auto count = database_->prepare(count_first);
    auto row = count ? count->step() : failure(count.error());
    if (!row) {
        return failure(row.error());
    }
    return count->integer(0) > 0;
}

Status TokensStore::ensure_administrator(
    Files& files, const std::string& path, Random& random, WallTime now
) {
    const Result<bool> exists = has_administrator();
    if (!exists || *exists) {
        return exists ? Status{} : Status{failure(exists.error())};
    }
    std::optional<TokenParts> parts = token_in(files, path);
    if (parts) {
        const Result<std::optional<ApiToken>> known = find(parts->id);
        if (!known) {
            return failure(known.error());
        }
        if (known->has_value()) {  // revoked: it does not come back
            parts.reset();
        }
    }
    if (!parts) {
        MadeToken made = make_api_token(random);
        const std::string line = std::string(made.token.reveal()) + "\n";
        if (auto written = write_file_atomically(files, path, line); !written) {
            return written;
        }
        parts = std::move(made.parts);
        log(LogLevel::notice, "administrator.created", {{"token_file", path}});
    }
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    ApiToken token;
    token.id = parts->id;
    token.name = first_token;
    token.role = "administrator";
    token.created = now;
    token.created_by = "muster-collector";
    Status done = insert(token, parts->secret_hash);
    if (done) {
        done = audit_->add(now, token.created_by, "api_token.created", token.id, "");
    }
    return done ? transaction->commit() : done;
}

Result<Actor> TokensStore::check_bearer(
    const Secret& bearer, const std::string& address, WallTime now
) {
    auto parts = parse_api_token(bearer);
    if (!parts) {
        return failure(parts.error());
    }
    auto row = database_->prepare(find_token);
    auto there = row ? row->bind_text(0, parts->id).step() : failure(row.error());
    if (!there) {
        return failure(there.error());
    }
    if (!*there || !equal_in_constant_time(row->blob(10), parts->secret_hash)) {
        return failure(ErrorKind::refused, "this API token is unknown");
    }
    const Result<ApiToken> token = read_token(*row);
    row->reset();
    if (!token) {
        return failure(token.error());
    }
    if (token->revoked) {
        return failure(ErrorKind::refused, "this API token has been revoked");
    }
    if (token->expires && *token->expires <= now) {
        return failure(ErrorKind::refused, "this API token has expired");
    }
    Actor actor = actor_of(*token);
    if (!token->owner.empty()) {
        const Result<std::optional<User>> owner = users_->find(token->owner);
        if (!owner) {
            return failure(owner.error());
        }
        if (!owner->has_value() || (*owner)->disabled) {
            return failure(ErrorKind::refused, "the account of this API token is disabled");
        }
        const Actor person = actor_of_user(**owner);
        actor.name = person.name;
        actor.user = person.user;
        actor.granted = std::min(actor.granted, person.granted);
        actor.scope = within(actor.scope, person.scope);
    }
    // On a full disk people must still be able to look; it is noted with the next use after.
    if (auto noted = note_use(*token, actor, address, now);
        !noted && noted.error().kind() != ErrorKind::full) {
        return failure(noted.error());
    }
    return actor;
}

Status TokensStore::note_use(
    const ApiToken& token, const Actor& actor, const std::string& address, WallTime now
) {
    const std::string pair = token.id + " " + address;
    const bool is_touched =
        token.last_used && *token.last_used <= now && *token.last_used + touched_every > now;
    if (is_touched && seen_.contains(pair)) {
        return {};
    }
    if (seen_.size() >= most_seen) {
        seen_.clear();
    }
    seen_.insert(pair);
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    auto touch = database_->prepare(touch_token);
    if (touch) {
        touch->bind(0, to_ns(now)).bind_text(1, token.id);
    }
    Status done = run_to_end(touch);
    if (done) {
        done = note_address(token, actor, address, now);
    }
    return done ? transaction->commit() : done;
}

Status TokensStore::note_address(
    const ApiToken& token, const Actor& actor, const std::string& address, WallTime now
) {
    auto insert = database_->prepare(insert_address);
    if (insert) {
        insert->bind_text(0, token.id)
            .bind_text(1, address)
            .bind(2, to_ns(now))
            .bind(3, most_token_addresses);
    }
    const Result<std::int64_t> added = run_counted(insert);
    if (!added || *added == 0) {
        return added ? Status{} : Status{failure(added.error())};
    }
    return audit_->add(now, actor.name, "api_token.new_address", token.id, address);
}

Status TokensStore::insert(const ApiToken& token, const std::string& hash) {
    auto row = database_->prepare(insert_token);
    if (row) {
        row->bind_text(0, token.id).bind_blob(1, hash).bind_text(2, token.name);
        if (token.owner.empty()) {
            row->bind_null(3);
        } else {
            row->bind_text(3, token.owner);
        }
        row->bind_text(4, token.role)
            .bind_text(5, sites_text(token.sites))
            .bind(6, to_ns(token.created))
            .bind_text(7, token.created_by);
        bind_time(*row, 8, token.expires);
    }
    return run_to_end(row);
}

Result<CreatedApiToken> TokensStore::create(
    const ApiTokenRequest& request, const Actor& actor, Random& random, WallTime now
) {
    if (!is_good_access_name(request.name) || request.name == first_token) {
        return failure(
            ErrorKind::invalid,
            "a token's name has letters, digits and - _ . @ +, at most " +
                std::to_string(longest_access_name) + ", and is not \"admin\""
        );
    }
    MadeToken made = make_api_token(random);
    ApiToken token{
        .id = made.parts.id,
        .name = request.name,
        .owner = request.owner,
        .role = request.role,
        .sites = request.sites,
        .created = now,
        .created_by = actor.name,
        .expires = request.expires,
        .last_used = std::nullopt,
        .revoked = false
    };
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    Status done = insert(token, made.parts.secret_hash);
    const std::string target = token.id + " " + token.name + ": role " + token.role + " sites " +
                               sites_text(token.sites) +
                               (token.owner.empty() ? "" : " of " + token.owner);
    if (done) {
        done = audit_->add(now, actor.name, "api_token.created", target, actor.peer);
    }
    if (done) {
        done = transaction->commit();
    }
    if (!done) {
        return failure(done.error());
    }
    return CreatedApiToken{.token = std::move(made.token), .row = std::move(token)};
}

Result<std::vector<ApiToken>> TokensStore::list(const std::string& owner) {
    auto rows = database_->prepare(list_tokens);
    if (!rows) {
        return failure(rows.error());
    }
    rows->bind_text(0, owner);
    return gather<ApiToken>(*rows, read_token);
}

Result<std::optional<ApiToken>> TokensStore::find(const std::string& id) {
    auto row = database_->prepare(find_token);
    auto there = row ? row->bind_text(0, id).step() : failure(row.error());
    if (!there) {
        return failure(there.error());
    }
    if (!*there) {
        return std::nullopt;
    }
    Result<ApiToken> token = read_token(*row);
    if (!token) {
        return failure(token.error());
    }
    return std::move(*token);
}

Status TokensStore::revoke(const std::string& id, const Actor& actor, WallTime now) {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    auto update = database_->prepare(revoke_token);
    if (update) {
        update->bind_text(0, id);
    }
    const Result<std::int64_t> changed = run_counted(update);
    if (!changed) {
        return failure(changed.error());
    }
    if (*changed == 0) {
        return failure(ErrorKind::not_found, "there is no API token with this id", id);
    }
    const Status told = audit_->add(now, actor.name, "api_token.revoked", id, actor.peer);
    return told ? transaction->commit() : told;
}

}  // namespace muster::collector
