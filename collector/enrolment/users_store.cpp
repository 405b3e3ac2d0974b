#include "collector/enrolment/users_store.hpp"

#include "collector/enrolment/store_tools.hpp"

#include <string_view>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::string_view insert_user =
    "INSERT INTO user(name, password, role, sites, language, time_zone, created, created_by, "
    "version) VALUES(?, ?, ?, ?, ?, ?, ?, ?, 1)";
constexpr std::string_view all_users =
    "SELECT name, role, sites, language, time_zone, disabled, created, created_by, signed_in, "
    "version FROM user ORDER BY name LIMIT 10000";
constexpr std::string_view one_user =
    "SELECT name, role, sites, language, time_zone, disabled, created, created_by, signed_in, "
    "version FROM user WHERE name = ?";
constexpr std::string_view update_user =
    "UPDATE user SET role = ?, sites = ?, language = ?, time_zone = ?, disabled = ?, "
    "version = version + 1 WHERE name = ?";
constexpr std::string_view update_password =
    "UPDATE user SET password = ?, version = version + 1 WHERE name = ?";
constexpr std::string_view delete_user = "DELETE FROM user WHERE name = ?";
constexpr std::string_view delete_sessions = "DELETE FROM session WHERE user = ?";
constexpr std::string_view one_password = "SELECT password FROM user WHERE name = ?";
constexpr std::string_view count_administrators =
    "SELECT COUNT(*) FROM user WHERE role = 'administrator' AND sites = '[]' AND disabled = 0";

Result<User> read_user(Statement& row) {
    Result<std::vector<std::string>> sites = sites_from(row.text(2));
    if (!sites) {
        return failure(sites.error());
    }
    return User{
        .name = std::string(row.text(0)),
        .role = std::string(row.text(1)),
        .sites = std::move(*sites),
        .language = std::string(row.text(3)),
        .time_zone = std::string(row.text(4)),
        .disabled = row.integer(5) != 0,
        .created = wall_from_ns(row.integer(6)),
        .created_by = std::string(row.text(7)),
        .signed_in = time_or_nothing(row, 8),
        .version = row.integer(9)
    };
}

/// The user as it is to be.
User changed_user(User user, const UserChange& change) {
    user.role = change.role.value_or(user.role);
    user.sites = change.sites.value_or(user.sites);
    user.language = change.language.value_or(user.language);
    user.time_zone = change.time_zone.value_or(user.time_zone);
    user.disabled = change.disabled.value_or(user.disabled);
    return user;
}

/// For the audit: "anna: role operator, sites HQ Depot, disabled".
std::string told(const User& before, const User& after) {
    std::string text = after.name + ":";
    if (before.role != after.role) {
        text += " role " + after.role;
    }
    if (before.sites != after.sites) {
        text += " sites " + sites_text(after.sites);
    }
    if (before.disabled != after.disabled) {
        text += after.disabled ? " disabled" : " enabled";
    }
    return text;
}

}  // namespace

Result<User> UsersStore::create(
    User user, const std::string& password_hash, const Actor& actor, WallTime now
) {
    if (!is_good_access_name(user.name)) {
        return failure(
            ErrorKind::invalid,
            "a user's name has letters, digits and - _ . @ +, at most " +
                std::to_string(longest_access_name)
        );
    }
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    const Result<std::optional<User>> known = find(user.name);
    if (!known || known->has_value()) {
        return !known ? failure(known.error())
                      : failure(ErrorKind::conflict, "there is a user with this name", user.name);
    }
    user.disabled = false;
    user.created = now;
    user.created_by = actor.name;
    user.version = 1;
    auto insert = database_->prepare(insert_user);
    if (insert) {
        insert->bind_text(0, user.name)
            .bind_text(1, password_hash)
            .bind_text(2, user.role)
            .bind_text(3, sites_text(user.sites))
            .bind_text(4, user.language)
            .bind_text(5, user.time_zone)
            .bind(6, to_ns(now))
            .bind_text(7, user.created_by);
    }
    if (auto inserted = run_to_end(insert); !inserted) {
        return failure(inserted.error());
    }
    const std::string target =
        user.name + ": role " + user.role + " sites " + sites_text(user.sites);
    if (auto kept = audit_->add(now, actor.name, "user.created", target, actor.peer); !kept) {
        return failure(kept.error());
    }
    if (auto committed = transaction->commit(); !committed) {
        return failure(committed.error());
    }
    return user;
}

Result<std::vector<User>> UsersStore::list() {
    auto rows = database_->prepare(all_users);
    if (!rows) {
        return failure(rows.error());
    }
    return gather<User>(*rows, read_user);
}

Result<std::optional<User>> UsersStore::find(const std::string& name) {
    auto row = database_->prepare(one_user);
    auto there = row ? row->bind_text(0, name).step() : failure(row.error());
    if (!there) {
        return failure(there.error());
    }
    if (!*there) {
        return std::nullopt;
    }
    Result<User> user = read_user(*row);
    if (!user) {
        return failure(user.error());
    }
    return std::move(*user);
}

Result<User> UsersStore::existing(const std::string& name, std::optional<std::int64_t> version) {
    Result<std::optional<User>> found = find(name);
    if (!found) {
        return failure(found.error());
    }
    if (!found->has_value()) {
        return failure(ErrorKind::not_found, "there is no user with this name", name);
    }
    if (version && *version != (*found)->version) {
        return failure(
            ErrorKind::conflict, "the user was changed in the meantime; look again", name
        );
    }
    return std::move(**found);
}

Result<User> UsersStore::change(
    const std::string& name,
    const UserChange& change,
    std::optional<std::int64_t> version,
    const Actor& actor,
    WallTime now
) {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    const Result<User> before = existing(name, version);
    if (!before) {
        return failure(before.error());
    }
    User after = changed_user(*before, change);
    auto update = database_->prepare(update_user);
    if (update) {
        update->bind_text(0, after.role)
            .bind_text(1, sites_text(after.sites))
            .bind_text(2, after.language)
            .bind_text(3, after.time_zone)
            .bind(4, std::int64_t{after.disabled ? 1 : 0})
            .bind_text(5, after.name);
    }
    Status done = run_to_end(update);
    const bool ends = before->role != after.role || before->sites != after.sites ||
                      (after.disabled && !before->disabled);
    if (done && ends) {
        done = end_sessions(after.name);
    }
    if (done) {
        done = keep_an_administrator(*before);
    }
    if (done) {
        done = audit_->add(now, actor.name, "user.changed", told(*before, after), actor.peer);
    }
    if (done) {
        done = transaction->commit();
    }
    if (!done) {
        return failure(done.error());
    }
    ++after.version;
    return after;
}

Status UsersStore::set_password(
    const std::string& name, const std::string& password_hash, const Actor& actor, WallTime now
) {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    const Result<User> user = existing(name, std::nullopt);
    if (!user) {
        return failure(user.error());
    }
    auto update = database_->prepare(update_password);
    if (update) {
        update->bind_text(0, password_hash).bind_text(1, user->name);
    }
    Status done = run_to_end(update);
    if (done) {
        done = end_sessions(user->name);
    }
    if (done) {
        done = audit_->add(now, actor.name, "user.password_set", user->name, actor.peer);
    }
    return done ? transaction->commit() : done;
}

Status UsersStore::remove(
    const std::string& name, std::optional<std::int64_t> version, const Actor& actor, WallTime now
) {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    const Result<User> user = existing(name, version);
    if (!user) {
        return failure(user.error());
    }
    auto erase = database_->prepare(delete_user);
    if (erase) {
        erase->bind_text(0, user->name);
    }
    Status done = run_to_end(erase);
    if (done) {
        done = keep_an_administrator(*user);
    }
    if (done) {
        done = audit_->add(now, actor.name, "user.deleted", user->name, actor.peer);
    }
    return done ? transaction->commit() : done;
}

Result<std::optional<std::string>> UsersStore::password_hash(const std::string& name) {
    auto row = database_->prepare(one_password);
    auto there = row ? row->bind_text(0, name).step() : failure(row.error());
    if (!there) {
        return failure(there.error());
    }
    return *there ? std::optional(std::string(row->text(0))) : std::nullopt;
}

Result<bool> UsersStore::has_administrator() {
    auto row = database_->prepare(count_administrators);
    auto there = row ? row->step() : failure(row.error());
    if (!there) {
        return failure(there.error());
    }
    return row->integer(0) > 0;
}

Status UsersStore::end_sessions(const std::string& name) {
    auto erase = database_->prepare(delete_sessions);
    if (erase) {
        erase->bind_text(0, name);
    }
    return run_to_end(erase);
}

Status UsersStore::keep_an_administrator(const User& before) {
    if (before.role != "administrator" || !before.sites.empty() || before.disabled) {
        return {};
    }
    const Result<bool> left = has_administrator();
    if (!left) {
        return failure(left.error());
    }
    if (!*left) {
        return failure(
            ErrorKind::conflict,
            "this is the last administrator; make another one first",
            before.name
        );
    }
    return {};
}

}  // namespace muster::collector
