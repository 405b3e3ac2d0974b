#include "base/database.hpp"

#include "base/expect.hpp"
#include "base/log.hpp"
#include "base/owner.hpp"
#include "base/task.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <mutex>
#include <set>
#include <unistd.h>
#include <utility>
#include <vector>

namespace muster {

namespace {

constexpr std::uint64_t wal_restart_bytes = 64U << 20U;
constexpr int busy_timeout_ms = 5000;
constexpr int restart_patience_ms = 50;            // a reader must not hold up the writer's thread
constexpr int instructions_between_looks = 1000;   // of SQLite's machine: some ten microseconds
constexpr sqlite3_int64 log_part_bytes = 1 << 16;  // the most that one write takes is below 128 KiB
/// The first release without the data race of two connections that checkpoint one WAL.
constexpr int safe_sqlite = 3051003;

ErrorKind kind_of(int code) {
    switch (code & 0xFF) {
        case SQLITE_FULL:
            return ErrorKind::full;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ErrorKind::unavailable;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ErrorKind::corrupt;
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
            return ErrorKind::io;
        case SQLITE_READONLY:
        case SQLITE_AUTH:
        case SQLITE_PERM:
            return ErrorKind::refused;
        case SQLITE_CONSTRAINT:
            return ErrorKind::conflict;
        case SQLITE_INTERRUPT:
            return ErrorKind::timeout;
        default:
            return ErrorKind::internal;
    }
}

Failure sql_failure(sqlite3* connection, int code, std::string context = {}) {
    const bool out_of_space = connection != nullptr && sqlite3_system_errno(connection) == ENOSPC &&
                              ((code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN);
    if ((code & 0xFF) == SQLITE_INTERRUPT) {
        return failure(ErrorKind::timeout, std::string(too_long), std::move(context));
    }
    const char* text = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    return failure(out_of_space ? ErrorKind::full : kind_of(code), text, std::move(context));
}

/// Paths this process has open for writing. Two writing connections may both checkpoint, which SQLite before
/// 3.51.3 does not survive; builds that check find the second one before data is lost.
class Writers {
  public:
    static Writers& of_this_process() {
        static Writers one;
        return one;
    }

    void add(const std::string& path) {
        const std::lock_guard lock(mutex_);
        const bool first = open_.insert(path).second;
#ifndef NDEBUG
        expect(first, "a second connection of this process writes to " + path);
#else
        static_cast<void>(first);
#endif
    }

    void remove(const std::string& path) {
        const std::lock_guard lock(mutex_);
        open_.erase(path);
    }

  private:
    std::mutex mutex_;
    std::set<std::string> open_;
};

void tell_version_once() {
    static const bool told = [] {
        if (sqlite3_libversion_number() < safe_sqlite) {
            log(LogLevel::info,
                "database.old_sqlite",
                {{"version", sqlite3_libversion()}, {"relies_on", "one writing connection per file"}
                });
        }
        return true;
    }();
    static_cast<void>(told);
}

/// SQLite would create it 0644. Only a new file is opened here: closing a known one would drop SQLite's locks.
void create_private(const std::string& path) {
    const int created = open_or_make(path, O_RDWR | O_EXCL);
    if (created >= 0) {
        ::close(created);
    }
}

int open_flags(DatabaseMode mode) {
    const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    switch (mode) {
        case DatabaseMode::writer:
            return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        case DatabaseMode::reader:
            return common | SQLITE_OPEN_READONLY;
        case DatabaseMode::frozen:
            return common | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
        case DatabaseMode::memory:
            return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY;
    }
    return common | SQLITE_OPEN_READONLY;
}

bool is_reading(DatabaseMode mode) {
    return mode == DatabaseMode::reader || mode == DatabaseMode::frozen;
}

/// What SQLite calls the file: a URI where only that can say that nobody writes it.
std::string name_of(const std::string& path, DatabaseMode mode) {
    if (mode == DatabaseMode::memory) {
        return ":memory:";
    }
    if (mode != DatabaseMode::frozen) {
        return path;
    }
    std::string uri = "file:";
    for (const char one : path) {
        uri += one == '%' ? "%25" : one == '?' ? "%3f" : one == '#' ? "%23" : std::string(1, one);
    }
    return uri + "?immutable=1";
}

std::string pragmas(const DatabaseOptions& options) {
    std::string sql;
    if (!is_reading(options.mode)) {
        sql += "PRAGMA page_size=" + std::to_string(options.page_bytes) + ";";
    }
    if (options.mode == DatabaseMode::writer) {
        sql += "PRAGMA journal_mode=WAL;";
        sql += options.durability == Durability::full ? "PRAGMA synchronous=FULL;"
                                                      : "PRAGMA synchronous=NORMAL;";
    }
    sql +=
        "PRAGMA mmap_size=0;"
        "PRAGMA foreign_keys=ON;"
        "PRAGMA trusted_schema=OFF;"
        "PRAGMA cell_size_check=ON;"
        "PRAGMA temp_store=MEMORY;"
        "PRAGMA journal_size_limit=67108864;"
        "PRAGMA wal_autocheckpoint=0;";
    sql += "PRAGMA cache_size=-" + std::to_string(options.cache_bytes / 1024) + ";";
    if (is_reading(options.mode)) {
        sql += "PRAGMA query_only=ON;";
    }
    return sql;
}

}  // namespace

namespace {

/// May be called by any thread while the connection is open.
struct Interrupt {
    sqlite3* connection;

    void operator()() const { sqlite3_interrupt(connection); }
};

/// A sync that failed leaves pages that are in sight and, though later syncs succeed, never on the disk: whoever starts next would
/// believe them, and confirm what stands behind them in the log. So what is found in the log is written anew.
int rewrite_log(sqlite3* connection) {
    sqlite3_file* log = nullptr;
    int code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code != SQLITE_OK || log == nullptr || log->pMethods == nullptr) {
        return code;
    }
    sqlite3_int64 size = 0;
    code = log->pMethods->xFileSize(log, &size);
    std::vector<char> part(log_part_bytes);
    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += log_part_bytes) {
        const auto bytes = static_cast<int>(std::min(size - at, log_part_bytes));
        code = log->pMethods->xRead(log, part.data(), bytes, at);
        if (code == SQLITE_OK) {
            code = log->pMethods->xWrite(log, part.data(), bytes, at);
        }
    }
    const bool has_written = code == SQLITE_OK && size > 0;
    return has_written ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : code;
}

}  // namespace

struct Database::Impl {
    sqlite3* connection = nullptr;
    DatabaseOptions options;
    std::string path;
    std::string claimed;  ///< what was added to Writers, if anything
    std::uint64_t wal_frames = 0;
    std::optional<Deadline> stop_at;
    std::stop_token stop;
    /// Checking a file for damage is one instruction of SQLite's machine, which looks at this alone.
    std::optional<std::stop_callback<Interrupt>> on_stop;

    bool is_out_of_time() const {
        return stop.stop_requested() || (stop_at && stop_at->left() == Duration{0});
    }

    void look_at_time();

    Status checkpoint(int how);

    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() {
        on_stop.reset();
        // v2 waits for statements that are still alive instead of leaking the connection.
        sqlite3_close_v2(connection);
        if (!claimed.empty()) {
            Writers::of_this_process().remove(claimed);
        }
    }
};

Status Database::Impl::checkpoint(int how) {
    expect(!is_reading(options.mode), "only the writer checkpoints");
    if (options.mode == DatabaseMode::memory) {
        return {};
    }
    int frames = 0;
    int moved = 0;
    sqlite3_busy_timeout(connection, restart_patience_ms);
    const int code = sqlite3_wal_checkpoint_v2(connection, nullptr, how, &frames, &moved);
    sqlite3_busy_timeout(connection, busy_timeout_ms);
    if (code == SQLITE_OK && how != SQLITE_CHECKPOINT_PASSIVE) {
        wal_frames = 0;
    }
    // Busy: a reader still needs old frames; what could be moved was, and the next call goes on.
    if (code != SQLITE_OK && (code & 0xFF) != SQLITE_BUSY) {
        return sql_failure(connection, code, path);
    }
    return {};
}

struct Statement::Impl {
    sqlite3_stmt* statement = nullptr;

    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() { sqlite3_finalize(statement); }

    sqlite3* connection() const { return sqlite3_db_handle(statement); }
};

Statement::Statement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

Statement& Statement::bind(int position, std::int64_t value) {
    expect(
        sqlite3_bind_int64(impl_->statement, position + 1, value) == SQLITE_OK,
        "no such parameter, or the statement is not reset"
    );
    return *this;
}

Statement& Statement::bind(int position, double value) {
    expect(
        sqlite3_bind_double(impl_->statement, position + 1, value) == SQLITE_OK,
        "no such parameter, or the statement is not reset"
    );
    return *this;
}

Statement& Statement::bind_text(int position, std::string_view value) {
    const char* data = value.data() == nullptr ? "" : value.data();
    const int code = sqlite3_bind_text64(
        impl_->statement, position + 1, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8
    );
    expect(code == SQLITE_OK, "no such parameter, or the statement is not reset");
    return *this;
}

Statement& Statement::bind_blob(int position, std::string_view value) {
    const char* data = value.data() == nullptr ? "" : value.data();
    const int code =
        sqlite3_bind_blob64(impl_->statement, position + 1, data, value.size(), SQLITE_STATIC);
    expect(code == SQLITE_OK, "no such parameter, or the statement is not reset");
    return *this;
}

Statement& Statement::bind_null(int position) {
    expect(
        sqlite3_bind_null(impl_->statement, position + 1) == SQLITE_OK,
        "no such parameter, or the statement is not reset"
    );
    return *this;
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(impl_->statement);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        sqlite3_reset(impl_->statement);
        return false;
    }
    Failure problem = sql_failure(impl_->connection(), code);
    sqlite3_reset(impl_->statement);
    return problem;
}

Result<std::int64_t> Statement::run() {
    sqlite3* connection = impl_->connection();
    const sqlite3_int64 before = sqlite3_total_changes64(connection);
    Result<bool> row = step();
    while (row && *row) {
        row = step();
    }
    if (!row) {
        return failure(row.error());
    }
    // Statements that change nothing would otherwise report the count of the one before them.
    const bool changed = sqlite3_total_changes64(connection) != before;
    return changed ? std::int64_t{sqlite3_changes64(connection)} : std::int64_t{0};
}

void Statement::reset() {
    sqlite3_reset(impl_->statement);
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(impl_->statement, column);
}

double Statement::real(int column) const {
    return sqlite3_column_double(impl_->statement, column);
}

std::string_view Statement::text(int column) const {
    const unsigned char* data = sqlite3_column_text(impl_->statement, column);
    if (data == nullptr) {
        return {};
    }
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(impl_->statement, column));
    return {reinterpret_cast<const char*>(data), size};
}

std::string_view Statement::blob(int column) const {
    const void* data = sqlite3_column_blob(impl_->statement, column);
    if (data == nullptr) {
        return {};
    }
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(impl_->statement, column));
    return {static_cast<const char*>(data), size};
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(impl_->statement, column) == SQLITE_NULL;
}

int Statement::columns() const {
    return sqlite3_column_count(impl_->statement);
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& path, DatabaseOptions options) {
    auto impl = std::make_unique<Impl>();
    impl->options = options;
    impl->path = path;
    if (options.mode == DatabaseMode::writer) {
        tell_version_once();
        create_private(path);
        impl->claimed = real_path(path);
        Writers::of_this_process().add(impl->claimed);
    }
    const std::string name = name_of(path, options.mode);
    const int opened =
        sqlite3_open_v2(name.c_str(), &impl->connection, open_flags(options.mode), nullptr);
    if (opened != SQLITE_OK) {
        return sql_failure(impl->connection, opened, path);
    }
    sqlite3_busy_timeout(impl->connection, busy_timeout_ms);
    for (const auto& [setting, value] :
         {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
          std::pair{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
          std::pair{SQLITE_DBCONFIG_DQS_DML, 0},
          std::pair{SQLITE_DBCONFIG_DQS_DDL, 0}}) {
        sqlite3_db_config(impl->connection, setting, value, nullptr);
    }
    Database database(std::move(impl));
    if (auto set = database.execute(pragmas(options)); !set) {
        return failure(set.error(), path);
    }
    if (options.mode == DatabaseMode::writer) {
        sqlite3* connection = database.impl_->connection;
        if (const int code = rewrite_log(connection); code != SQLITE_OK) {
            return sql_failure(connection, code, path);
        }
    }
    // After the pragma: automatic checkpoints are a hook of this very kind.
    sqlite3_wal_hook(
        database.impl_->connection,
        [](void* frames, sqlite3*, const char*, int count) {
            *static_cast<std::uint64_t*>(frames) = static_cast<std::uint64_t>(count);
            return SQLITE_OK;
        },
        &database.impl_->wal_frames
    );
    return database;
}

Status Database::execute(std::string_view sql) {
    const int code =
        sqlite3_exec(impl_->connection, std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return sql_failure(impl_->connection, code);
    }
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
    auto impl = std::make_unique<Statement::Impl>();
    const int code = sqlite3_prepare_v3(
        impl_->connection,
        sql.data(),
        static_cast<int>(sql.size()),
        SQLITE_PREPARE_PERSISTENT,
        &impl->statement,
        nullptr
    );
    if (code != SQLITE_OK) {
        return sql_failure(impl_->connection, code, std::string(sql));
    }
    expect(impl->statement != nullptr, "an empty statement was prepared");
    return Statement(std::move(impl));
}

Status Database::migrate(std::span<const Migration> migrations) {
    auto version = prepare("PRAGMA user_version");
    if (!version) {
        return failure(version.error());
    }
    if (auto row = version->step(); !row) {
        return failure(row.error(), impl_->path);
    }
    const std::int64_t has = version->integer(0);
    version->reset();
    const auto knows = static_cast<std::int64_t>(migrations.size());
    if (has > knows) {
        return failure(
            ErrorKind::invalid,
            "the file was written by a newer version (schema " + std::to_string(has) +
                ", this one knows " + std::to_string(knows) + "); install that version again",
            impl_->path
        );
    }
    int expected = 1;
    for (const Migration& migration : migrations) {
        expect(migration.number == expected++, "migrations are numbered 1, 2, …");
        if (migration.number <= has) {
            continue;
        }
        const std::string number = std::to_string(migration.number);
        auto transaction = Transaction::begin(*this);
        if (!transaction) {
            return failure(transaction.error(), impl_->path);
        }
        Status done = execute(migration.sql);
        if (done) {
            done = execute("PRAGMA user_version=" + number);
        }
        if (done) {
            done = transaction->commit();
        }
        if (!done) {
            return failure(done.error().in("migration " + number), impl_->path);
        }
    }
    return {};
}

void Database::limit_time(std::optional<Duration> time) {
    impl_->stop_at.reset();
    if (time) {
        impl_->stop_at = Deadline::in(*time);
    }
    impl_->look_at_time();
}

void Database::stop_with(std::stop_token stop) {
    impl_->on_stop.emplace(stop, Interrupt{impl_->connection});
    impl_->stop = std::move(stop);
    impl_->look_at_time();
}

void Database::Impl::look_at_time() {
    sqlite3_progress_handler(
        connection,
        stop_at || stop.stop_possible() ? instructions_between_looks : 0,
        [](void* impl) { return static_cast<const Impl*>(impl)->is_out_of_time() ? 1 : 0; },
        this
    );
}

bool Database::is_out_of_time() const {
    return impl_->is_out_of_time();
}

Status Database::begin() {
    return execute(is_reading(impl_->options.mode) ? "BEGIN" : "BEGIN IMMEDIATE");
}

Status Database::commit() {
    return execute("COMMIT");
}

void Database::rollback() {
    // Some errors have rolled back already.
    if (in_transaction()) {
        static_cast<void>(execute("ROLLBACK"));
    }
}

bool Database::in_transaction() const {
    return sqlite3_get_autocommit(impl_->connection) == 0;
}

Status Database::checkpoint() {
    const bool restart = wal_bytes() > wal_restart_bytes;
    return impl_->checkpoint(restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE);
}

Status Database::empty_wal() {
    return impl_->checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
}

std::uint64_t Database::wal_bytes() const {
    constexpr std::uint64_t frame_header_bytes = 24;
    return impl_->wal_frames * (impl_->options.page_bytes + frame_header_bytes);
}

std::int64_t Database::last_insert_id() const {
    return sqlite3_last_insert_rowid(impl_->connection);
}

struct DatabaseCopy::Impl {
    sqlite3* target = nullptr;
    sqlite3_backup* backup = nullptr;
    std::uint32_t page_bytes = 4096;
    std::string path;

    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() { static_cast<void>(close()); }

    /// What finishing the copy and closing its file say.
    int close() {
        const int finished = sqlite3_backup_finish(std::exchange(backup, nullptr));
        const int closed = sqlite3_close(std::exchange(target, nullptr));
        return finished != SQLITE_OK ? finished : closed;
    }
};

DatabaseCopy::DatabaseCopy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

DatabaseCopy::DatabaseCopy(DatabaseCopy&&) noexcept = default;
DatabaseCopy& DatabaseCopy::operator=(DatabaseCopy&&) noexcept = default;
DatabaseCopy::~DatabaseCopy() = default;

Result<DatabaseCopy> DatabaseCopy::begin(Database& source, const std::string& path) {
    auto impl = std::make_unique<Impl>();
    impl->path = path;
    impl->page_bytes = source.impl_->options.page_bytes;
    const int made = open_or_make(path, O_RDWR | O_EXCL);
    if (made < 0) {
        return system_failure("the copy of a database cannot be made", errno, path);
    }
    ::close(made);
    const int opened = sqlite3_open_v2(
        path.c_str(), &impl->target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr
    );
    if (opened != SQLITE_OK) {
        return sql_failure(impl->target, opened, path);
    }
    // Half a copy is thrown away, and a whole one is synced by whoever ordered it.
    constexpr const char* at_once = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;";
    const int set = sqlite3_exec(impl->target, at_once, nullptr, nullptr, nullptr);
    if (set != SQLITE_OK) {
        return sql_failure(impl->target, set, path);
    }
    impl->backup = sqlite3_backup_init(impl->target, "main", source.impl_->connection, "main");
    if (impl->backup == nullptr) {
        return sql_failure(impl->target, sqlite3_errcode(impl->target), path);
    }
    return DatabaseCopy(std::move(impl));
}

Result<bool> DatabaseCopy::step(std::uint64_t bytes) {
    const auto pages = static_cast<int>(bytes / impl_->page_bytes);
    const int code = sqlite3_backup_step(impl_->backup, pages + 1);
    const int kind = code & 0xFF;
    if (kind == SQLITE_OK || kind == SQLITE_BUSY || kind == SQLITE_LOCKED) {
        return true;
    }
    const int closed = impl_->close();
    if (code != SQLITE_DONE || closed != SQLITE_OK) {
        return sql_failure(nullptr, code != SQLITE_DONE ? code : closed, impl_->path);
    }
    return false;
}

Result<Transaction> Transaction::begin(Database& database) {
    if (auto begun = database.begin(); !begun) {
        return failure(begun.error());
    }
    return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
    if (database_ != nullptr) {
        database_->rollback();
    }
}

Status Transaction::commit() {
    expect(database_ != nullptr, "a transaction is committed once");
    auto done = database_->commit();
    if (done) {
        database_ = nullptr;
    }
    return done;
}

}  // namespace muster
