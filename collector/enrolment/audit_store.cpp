#include "collector/enrolment/audit_store.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "collector/enrolment/store_tools.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::string_view insert_row =
    "INSERT INTO audit(id, at, actor, action, target, peer, prev_hash, hash) "
    "VALUES(?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view newest = "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1";
constexpr std::string_view unsealed =
    "SELECT id, at, actor, action, target, peer FROM audit WHERE hash IS NULL ORDER BY id LIMIT 1";
constexpr std::string_view hash_before =
    "SELECT hash FROM audit WHERE id < ? ORDER BY id DESC LIMIT 1";
constexpr std::string_view seal_row = "UPDATE audit SET prev_hash = ?, hash = ? WHERE id = ?";
constexpr std::string_view page =
    "SELECT id, at, actor, action, target, peer, hash FROM audit "
    "WHERE id < ?1 AND (?2 = '' OR actor = ?2) AND (?3 = '' OR action = ?3) "
    "AND at >= ?4 AND at < ?5 ORDER BY id DESC LIMIT ?6";
constexpr std::string_view all =
    "SELECT id, at, actor, action, target, peer, hash, prev_hash FROM audit ORDER BY id";

/// What restore_store.cpp does again.
constexpr std::string_view withdrawals[] = {
    "agent.revoked", "join_token.revoked", "api_token.revoked", "user.deleted"
};
constexpr std::string_view by_join_token = "join token ";

void append_number(std::string& bytes, std::uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<char>((number >> shift) & 0xFFU));
    }
}

/// The previous hash, then id and time as big-endian 64 bits, then each text after its length as such.
std::string hash_of(const std::string& previous, const AuditRow& row) {
    std::string bytes = previous;
    append_number(bytes, static_cast<std::uint64_t>(row.id));
    append_number(bytes, static_cast<std::uint64_t>(to_ns(row.at)));
    for (const std::string* text : {&row.actor, &row.action, &row.target, &row.peer}) {
        append_number(bytes, text->size());
        bytes += *text;
    }
    return sha256(bytes);
}

AuditRow read_row(const Statement& row) {
    return {
        .id = row.integer(0),
        .at = wall_from_ns(row.integer(1)),
        .actor = std::string(row.text(2)),
        .action = std::string(row.text(3)),
        .target = std::string(row.text(4)),
        .peer = std::string(row.text(5)),
        .hash = {}
    };
}

}  // namespace

Status AuditStore::add(
    WallTime now,
    const std::string& actor,
    const std::string& action,
    const std::string& target,
    const std::string& peer
) {
    auto last = database_->prepare(newest);
    auto there = last ? last->step() : failure(last.error());
    if (!there) {
        return failure(there.error());
    }
    const std::string previous = *there ? std::string(last->blob(1)) : std::string();
    AuditRow row{
        .id = *there ? last->integer(0) + 1 : 1,
        .at = now,
        .actor = printable(actor),
        .action = action,
        .target = printable(target),
        .peer = printable(peer),
        .hash = {}
    };
    if (auto noted = note_lasting(row); !noted) {
        return noted;
    }
    row.hash = hash_of(previous, row);
    auto insert = database_->prepare(insert_row);
    if (insert) {
        insert->bind(0, row.id)
            .bind(1, to_ns(row.at))
            .bind_text(2, row.actor)
            .bind_text(3, row.action)
            .bind_text(4, row.target)
            .bind_text(5, row.peer)
            .bind_blob(6, previous)
            .bind_blob(7, row.hash);
    }
    return run_to_end(insert);
}

/// What fails to commit afterwards counts as revoked after a restore: on the safe side.
Status AuditStore::note_lasting(const AuditRow& row) {
    if (lasting_ == nullptr) {
        return {};
    }
    if (std::ranges::find(withdrawals, row.action) != std::end(withdrawals)) {
        return lasting_->note(row.at, row.action, row.target);
    }
    // Not where it was refused: its use was given back.
    const bool has_enrolled = row.action == "agent.enrolled" || row.action == "agent.enrolled_anew";
    if (has_enrolled && row.actor.starts_with(by_join_token)) {
        return lasting_->note(row.at, "join_token.used", row.actor.substr(by_join_token.size()));
    }
    return {};
}

Status AuditStore::seal() {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) {
        return failure(transaction.error());
    }
    while (true) {
        auto next = database_->prepare(unsealed);
        auto there = next ? next->step() : failure(next.error());
        if (!there) {
            return failure(there.error());
        }
        if (!*there) {
            return transaction->commit();
        }
        const AuditRow row = read_row(*next);
        auto before = database_->prepare(hash_before);
        auto known = before ? before->bind(0, row.id).step() : failure(before.error());
        if (!known) {
            return failure(known.error());
        }
        const std::string previous = *known ? std::string(before->blob(0)) : std::string();
        const std::string hash = hash_of(previous, row);
        auto update = database_->prepare(seal_row);
        if (update) {
            update->bind_blob(0, previous).bind_blob(1, hash).bind(2, row.id);
        }
        if (auto sealed = run_to_end(update); !sealed) {
            return sealed;
        }
    }
}

Result<std::vector<AuditRow>> AuditStore::list(const AuditFilter& filter) {
    constexpr std::int64_t always = std::numeric_limits<std::int64_t>::max();
    auto rows = database_->prepare(page);
    if (!rows) {
        return failure(rows.error());
    }
    rows->bind(0, filter.before == 0 ? always : filter.before)
        .bind_text(1, filter.actor)
        .bind_text(2, filter.action)
        .bind(3, filter.from ? to_ns(*filter.from) : std::int64_t{0})
        .bind(4, filter.to ? to_ns(*filter.to) : always)
        .bind(5, filter.limit);
    return gather<AuditRow>(*rows, [](Statement& row) -> Result<AuditRow> {
        AuditRow found = read_row(row);
        found.hash = row.blob(6);
        return found;
    });
}

Result<AuditVerdict> AuditStore::verify() {
    auto rows = database_->prepare(all);
    if (!rows) {
        return failure(rows.error());
    }
    AuditVerdict verdict;
    std::int64_t last_id = 0;
    auto there = rows->step();
    for (; there && *there; there = rows->step()) {
        AuditRow row = read_row(*rows);
        row.hash = rows->blob(6);
        ++verdict.rows;
        if (verdict.broken) {
            continue;
        }
        if (row.id != last_id + 1) {
            verdict.why = "rows before this one are missing";
        } else if (rows->blob(7) != verdict.head) {
            verdict.why = "it does not follow the row before it";
        } else if (row.hash != hash_of(verdict.head, row)) {
            verdict.why = "it is not what was written";
        }
        last_id = row.id;
        verdict.head = row.hash;
        if (!verdict.why.empty()) {
            verdict.broken = std::move(row);
        }
    }
    if (!there) {
        return failure(there.error());
    }
    return verdict;
}

}  // namespace muster::collector
