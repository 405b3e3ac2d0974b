#include "collector/enrolment/sessions_store.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "collector/enrolment/store_tools.hpp"
#include "collector/enrolment/tokens.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace muster::collector {

namespace {

using namespace std::chrono_literals;

/// Not every request is a write.
constexpr Duration touched_every = 1min;

constexpr std::string_view insert_session =
    "INSERT INTO session(id, hash, user, created, last_used, expires, peer) "
    "VALUES(?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view find_session =
    "SELECT hash, user, last_used, expires FROM session WHERE id = ?";
constexpr std::string_view touch_session = "UPDATE session SET last_used = ? WHERE id = ?";
constexpr std::string_view delete_session = "DELETE FROM session WHERE id = ?";
constexpr std::string_view delete_ended =
    "DELETE FROM session WHERE user = ?1 AND (expires <= ?2 OR last_used <= ?3 OR last_used >= ?4)";
constexpr std::string_view delete_surplus =
    "DELETE FROM session WHERE user = ?1 AND id NOT IN "
    "(SELECT id FROM session WHERE user = ?1 ORDER BY last_used DESC, id LIMIT ?2)";
constexpr std::string_view note_sign_in = "UPDATE user SET signed_in = ? WHERE name = ?";

/// By the calendar, which may have been set since. A session that was used in what is the future now tells nothing of how long it
/// has been idle, but a day that somebody set wrongly and then right must not give it years.
bool has_ended(WallTime last_used, WallTime expires, WallTime now) {
    return expires <= now || std::chrono::abs(now - last_used) >= session_idle;
}

}  // namespace

Actor actor_of_user(const User& user) {
    Actor actor;
    actor.name = user.name;
    actor.user = user.name;
    actor.granted = permission_of_role(user.role).value_or(Permission::nobody);
    actor.scope = user.sites.empty() ? ReadScope::everything() : ReadScope::of_sites(user.sites);
    return actor;
}

/// Of others nothing goes: what the calendar calls ended may count again when somebody has set it right.
Status SessionsStore::make_room(const std::string& user, WallTime now) {
    auto ended = database_->prepare(delete_ended);
    if (ended) {
        ended->bind_text(0, user)
            .bind(1, to_ns(now))
            .bind(2, to_ns(now - session_idle))
            .bind(3, to_ns(now + session_idle));
    }
    if (auto done = run_to_end(ended); !done) {
        return done;
    }
    auto surplus = database_->prepare(delete_surplus);
    if (surplus) {
        surplus->bind_text(0, user).bind(1, most_sessions - 1);
    }
    return run_to_end(surplus);
}

Status SessionsStore::insert(const Actor& actor, const std::string& hash, WallTime now) {
    auto row = database_->prepare(insert_session);
    if (row) {
        row->bind_text(0, actor.session)
            .bind_blob(1, hash)
            .bind_text(2, actor.user)
            .bind(3, to_ns(now))
            .bind(4, to_ns(now))
            .bind(5, to_ns(*actor.expires))
            .bind_text(6, printable(actor.peer));
    }
    if (auto inserted = run_to_end(row); !inserted) {
        return inserted;
    }
    auto note = database_->prepare(note_sign_in);
    if (note) {
        note->bind(0, to_ns(now)).bind_text(1, actor.user);
    }
    return run_to_end(note);
}

Result<OpenedSession> SessionsStore::open(
    const SignIn& who, const std::string& password_hash, Random& random, WallTime now
) {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    Result<std::optional<User>> user = users_->find(who.name);
    const auto hash = users_->password_hash(who.name);
    if (!user || !hash) {
        return failure(!user ? user.error() : hash.error());
    }
    if (!user->has_value() || (*user)->disabled || *hash != password_hash) {
        return failure(ErrorKind::refused, "name or password is wrong, or the account is disabled");
    }
    MadeToken made = make_session_cookie(random);
    Actor actor = actor_of_user(**user);
    actor.session = made.parts.id;
    actor.expires = now + session_longest;
    actor.peer = who.peer;
    Status done = make_room(actor.user, now);
    if (done) {
        done = insert(actor, made.parts.secret_hash, now);
    }
    if (done) {
        done = audit_->add(now, actor.name, "session.opened", actor.session, actor.peer);
    }
    if (done) {
        done = transaction->commit();
    }
    if (!done) {
        return failure(done.error());
    }
    (*user)->signed_in = now;
    return OpenedSession{
        .cookie = std::move(made.token), .actor = std::move(actor), .user = std::move(**user)
    };
}

Result<Actor> SessionsStore::check(const Secret& cookie, WallTime now) {
    auto parts = parse_session_cookie(cookie);
    if (!parts) {
        return failure(parts.error());
    }
    auto row = database_->prepare(find_session);
    auto there = row ? row->bind_text(0, parts->id).step() : failure(row.error());
    if (!there) {
        return failure(there.error());
    }
    if (!*there || !equal_in_constant_time(row->blob(0), parts->secret_hash)) {
        return failure(ErrorKind::refused, "this session has ended");
    }
    const WallTime last_used = wall_from_ns(row->integer(2));
    const WallTime expires = wall_from_ns(row->integer(3));
    if (has_ended(last_used, expires, now)) {
        return failure(ErrorKind::refused, "this session has ended");
    }
    const Result<std::optional<User>> user = users_->find(std::string(row->text(1)));
    if (!user) {
        return failure(user.error());
    }
    if (!user->has_value() || (*user)->disabled) {
        return failure(ErrorKind::refused, "this account is disabled");
    }
    row->reset();
    if (last_used + touched_every <= now) {
        auto touch = database_->prepare(touch_session);
        if (touch) {
            touch->bind(0, to_ns(now)).bind_text(1, parts->id);
        }
        // On a full disk people must still be able to look.
        if (auto touched = run_to_end(touch);
            !touched && touched.error().kind() != ErrorKind::full) {
            return failure(touched.error());
        }
    }
    Actor actor = actor_of_user(**user);
    actor.session = parts->id;
    actor.expires = std::min(expires, now + session_idle);
    return actor;
}

Status SessionsStore::close(const std::string& id, const Actor& actor, WallTime now) {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    auto erase = database_->prepare(delete_session);
    if (erase) {
        erase->bind_text(0, id);
    }
    Status done = run_to_end(erase);
    if (done) {
        done = audit_->add(now, actor.name, "session.closed", id, actor.peer);
    }
    return done ? transaction->commit() : done;
}

Status SessionsStore::refused(const SignIn& who, std::uint64_t more, WallTime now) {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    std::string target = who.name.substr(0, longest_access_name);
    if (more > 0) {
        target += " (and " + std::to_string(more) + " more refused sign-ins)";
    }
    const Status done = audit_->add(now, "", "session.refused", target, who.peer);
    return done ? transaction->commit() : done;
}

}  // namespace muster::collector
