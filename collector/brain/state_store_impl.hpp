// Owns: binding and running of the statements of state_store. Included by state_store*.cpp alone.
#pragma once

#include "base/database.hpp"
#include "collector/brain/row_text.hpp"
#include "collector/brain/state_sql.hpp"
#include "collector/brain/state_store.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace muster::collector {

/// Bytes, to tell them from text.
struct Blob {
    std::string_view bytes;
};

/// A time that may be unset.
inline std::optional<std::int64_t> when_set(WallTime time) {
    return time == WallTime{} ? std::nullopt : std::optional(to_ns(time));
}

template <class Tag>
std::optional<Blob> when_set(const Id<Tag>& id) {
    return id.is_nil() ? std::nullopt : std::optional(Blob{id.raw()});
}

inline void bind_one(Statement& to, int at, std::int64_t value) {
    to.bind(at, value);
}

inline void bind_one(Statement& to, int at, std::uint64_t value) {
    to.bind(at, static_cast<std::int64_t>(value));
}

inline void bind_one(Statement& to, int at, std::uint32_t value) {
    to.bind(at, static_cast<std::int64_t>(value));
}

inline void bind_one(Statement& to, int at, std::string_view value) {
    to.bind_text(at, value);
}

inline void bind_one(Statement& to, int at, Blob value) {
    to.bind_blob(at, value.bytes);
}

template <class T>
inline void bind_one(Statement& to, int at, const std::optional<T>& value) {
    if (value) {
        bind_one(to, at, *value);
    } else {
        to.bind_null(at);
    }
}

struct StateStore::Impl {
    explicit Impl(Database opened) : database(std::move(opened)) {}

    Database database;
    std::array<std::optional<Statement>, static_cast<std::size_t>(StateQuery::count)> statements;
    Writing writing = Writing::on;
    std::optional<Error> problem;
    bool rows = false;
    Lsn event_lsn = 0;
    std::uint32_t event_ordinal = 0;
    bool events_written = false;
    bool events_committed = false;
    ReceiptCounts receipts_written;
    ReceiptCounts receipts_committed;
    CachedSpecText spec_text;

    Result<Statement*> prepared(StateQuery query) {
        const auto at = static_cast<std::size_t>(query);
        if (!statements[at]) {
            auto made = database.prepare(state_sql[at]);
            if (!made) {
                return failure(made.error(), "state.db");
            }
            statements[at].emplace(std::move(*made));
        }
        return &*statements[at];
    }

    void keep(const Error& error) {
        if (!problem) {
            problem = error.in("state.db");
        }
    }

    bool may_write() {
        if (problem || writing == Writing::off) {
            return false;
        }
        if (!rows) {
            if (const Status begun = database.begin(); !begun) {
                keep(begun.error());
                return false;
            }
            rows = true;
        }
        return true;
    }

    /// Binds `values` in order and runs the statement.
    template <class... Values>
    void run(StateQuery query, const Values&... values) {
        if (!may_write()) {
            return;
        }
        const auto statement = prepared(query);
        if (!statement) {
            keep(statement.error());
            return;
        }
        int at = 0;
        (bind_one(**statement, at++, values), ...);
        if (const auto done = (*statement)->run(); !done) {
            keep(done.error());
        }
    }
};

}  // namespace muster::collector
