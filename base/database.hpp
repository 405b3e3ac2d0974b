// Owns: SQLite: opening by the rules of docs/decisions, statements, transactions, migrations. The only home of sqlite3.h.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace muster {

/// What a statement beyond its time fails with.
inline constexpr std::string_view too_long =
    "the question took too long to answer and was stopped; ask for less";

/// writer: the one connection of this process that writes and checkpoints the file (a debug build aborts on a second).
/// reader: read-only, query_only. frozen: a reader of a file that nobody writes while it is open: no locks, and nothing is made
/// beside it. memory: a private database without a file, for tests and the simulator.
enum class DatabaseMode { writer, reader, frozen, memory };
/// full: nothing committed is lost by a power cut. normal: the last commits may roll back; only for what can be folded again.
enum class Durability { full, normal };

struct DatabaseOptions {
    DatabaseMode mode = DatabaseMode::writer;
    Durability durability = Durability::full;
    std::uint32_t page_bytes = 4096;  ///< only where the file is new
    std::int64_t cache_bytes = 16 << 20;
};

/// A prepared statement. Belongs to its Database and its thread. Bind positions and columns count from 0.
/// After `run()` or the end of rows it is reset and may be bound again.
class Statement {
  public:
    struct Impl;
    explicit Statement(std::unique_ptr<Impl> impl);
    Statement(Statement&&) noexcept;
    Statement& operator=(Statement&&) noexcept;
    ~Statement();

    Statement& bind(int position, std::int64_t value);
    Statement& bind(int position, double value);
    Statement& bind_text(int position, std::string_view value);
    /// The bytes must stay valid until the statement is reset.
    Statement& bind_blob(int position, std::string_view value);
    Statement& bind_null(int position);

    /// True: a row is there. False: no more rows, and the statement is reset.
    Result<bool> step();
    /// Runs to the end, ignoring rows; gives the number of changed rows.
    Result<std::int64_t> run();
    void reset();

    std::int64_t integer(int column) const;
    double real(int column) const;
    /// Valid until the next step.
    std::string_view text(int column) const;
    std::string_view blob(int column) const;
    bool is_null(int column) const;
    int columns() const;

  private:
    std::unique_ptr<Impl> impl_;
};

/// One migration: forward only, applied once, in order of `number` (1, 2, …). Kept in PRAGMA user_version.
struct Migration {
    int number;
    std::string_view sql;
};

/// One SQLite connection, used by one thread at a time.
class Database {
  public:
    /// Sets the pragmas of delivery: WAL, synchronous by `durability`, foreign keys, defensive, no extensions;
    /// writers checkpoint by hand (`checkpoint`), readers never.
    static Result<Database> open(const std::string& path, DatabaseOptions options);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    /// One or more statements without parameters: fixed text only.
    Status execute(std::string_view sql);
    Result<Statement> prepare(std::string_view sql);
    Status migrate(std::span<const Migration> migrations);

    /// Statements that still run when so much time has passed from now on fail with `timeout`; nullopt: they take what they need.
    void limit_time(std::optional<Duration> time);
    /// From now on statements that still run when `stop` is asked for fail with `timeout`, too.
    void stop_with(std::stop_token stop);
    /// Whether that time has passed, or that was asked for.
    bool is_out_of_time() const;

    Status begin();  ///< BEGIN IMMEDIATE (readers: BEGIN)
    Status commit();
    void rollback();
    bool in_transaction() const;

    /// PASSIVE; RESTART above 64 MiB of WAL. Called by the owner between transactions.
    Status checkpoint();
    /// Everything into the file and nothing left in the WAL, so that the file alone is the database; where a reader is in the
    /// way, as `checkpoint`. For a file that is written no more.
    Status empty_wal();
    std::uint64_t wal_bytes() const;
    std::int64_t last_insert_id() const;

  private:
    friend class DatabaseCopy;
    struct Impl;
    explicit Database(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// A copy of a database in use, made in small steps by the thread that owns the connection: what this connection writes between
/// two steps is in the copy too. A file of its own, without a WAL; not synced.
class DatabaseCopy {
  public:
    /// `path` must not be there. `source` outlives the copy.
    static Result<DatabaseCopy> begin(Database& source, const std::string& path);
    DatabaseCopy(DatabaseCopy&&) noexcept;
    DatabaseCopy& operator=(DatabaseCopy&&) noexcept;
    ~DatabaseCopy();

    /// Copies about `bytes`; nothing while `source` is in a transaction. True: there is more to copy. After false or an error the
    /// copy is closed.
    Result<bool> step(std::uint64_t bytes);

  private:
    struct Impl;
    explicit DatabaseCopy(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Commits only when told; rolls back on destruction otherwise.
class Transaction {
  public:
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&&) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Status commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}

    Database* database_;
};

}  // namespace muster
