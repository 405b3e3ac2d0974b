#include "collector/api/state_reader.hpp"

#include "cmdb/shipped_model.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace muster::collector {

namespace {

constexpr std::size_t most_waiting = 256;
constexpr std::int64_t reader_cache_bytes = 8 << 20;

}  // namespace

struct StateConnection::Impl {
    explicit Impl(Database opened) : database(std::move(opened)) {}

    Database database;
    std::shared_ptr<const cmdb::Model>
        model;  // shared with the configuration and other work; const
    // By address of the constant text; statements go before the connection.
    std::unordered_map<const char*, Statement> statements;
};

StateConnection::StateConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

StateConnection::StateConnection(StateConnection&&) noexcept = default;
StateConnection::~StateConnection() = default;

Result<Statement*> StateConnection::prepared(const NamedQuery& query) {
    // Many short queries never come to where SQLite looks at the time.
    if (impl_->database.is_out_of_time()) {
        return failure(ErrorKind::timeout, std::string(too_long));
    }
    auto known = impl_->statements.find(query.sql.data());
    if (known == impl_->statements.end()) {
        Result<Statement> statement = impl_->database.prepare(query.sql);
        if (!statement) {
            return failure(statement.error(), query.name);
        }
        known = impl_->statements.emplace(query.sql.data(), std::move(*statement)).first;
    }
    known->second.reset();
    return &known->second;
}

const cmdb::Model& StateConnection::model() const {
    return impl_->model == nullptr ? cmdb::shipped_model() : *impl_->model;
}

void StateConnection::use(std::shared_ptr<const cmdb::Model> model) {
    impl_->model = std::move(model);
}

Status StateConnection::begin(Duration longest) {
    if (Status begun = impl_->database.begin(); !begun) {
        return begun;
    }
    impl_->database.limit_time(longest);
    return {};
}

void StateConnection::end() {
    impl_->database.limit_time(std::nullopt);
    // A statement left in the middle of its rows would hold the snapshot, and with it the writer's WAL.
    for (auto& [text, statement] : impl_->statements) {
        statement.reset();
    }
    impl_->database.rollback();
}

struct StateReader::Impl {
    /// One connection and the thread it belongs to. `waiting` is counted on the loop's thread.
    struct Reader {
        explicit Reader(StateConnection opened) : connection(std::move(opened)) {}

        StateConnection connection;
        std::size_t waiting = 0;
        asio::thread_pool thread{1};  // last: its thread ends before the connection goes
    };

    std::vector<std::unique_ptr<Reader>> readers;
    Duration longest{};
    std::shared_ptr<const cmdb::Model>
        model;  // shared with running work and the configuration; const

    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() {
        for (const auto& reader : readers) {
            reader->thread.join();
        }
    }
};

StateReader::StateReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

StateReader::StateReader(StateReader&&) noexcept = default;
StateReader::~StateReader() = default;

Result<StateReader> StateReader::open(const std::string& path, int readers, Duration longest) {
    auto impl = std::make_unique<Impl>();
    impl->longest = longest;
    for (int i = 0; i < readers; ++i) {
        DatabaseOptions options;
        options.mode = DatabaseMode::reader;
        options.cache_bytes = reader_cache_bytes;
        Result<Database> database = Database::open(path, options);
        if (!database) {
            return failure(database.error(), "reading the state");
        }
        auto connection = std::make_unique<StateConnection::Impl>(std::move(*database));
        impl->readers.push_back(std::make_unique<Impl::Reader>(StateConnection(std::move(connection)
        )));
    }
    return StateReader(std::move(impl));
}

void StateReader::use(std::shared_ptr<const cmdb::Model> model) {
    impl_->model = std::move(model);
}

namespace {

Status run(
    StateConnection& connection,
    Duration longest,
    const std::function<Status(StateConnection&)>& work
) {
    if (Status begun = connection.begin(longest); !begun) {
        return begun;
    }
    Status done = work(connection);
    connection.end();
    return done;
}

}  // namespace

Task<Status> StateReader::perform(std::function<Status(StateConnection&)> work) {
    const auto least = std::ranges::min_element(impl_->readers, {}, &Impl::Reader::waiting);
    if ((*least)->waiting >= most_waiting) {
        co_return failure(ErrorKind::unavailable, "too many requests wait to be read; try again");
    }
    Impl::Reader* reader = least->get();
    const auto executor = co_await asio::this_coro::executor;
    auto start = [reader,
                  executor,
                  longest = impl_->longest,
                  model = impl_->model,
                  work = std::move(work)](auto handler) mutable {
        // The loop must not end while an answer is on its way.
        auto loop = asio::prefer(executor, asio::execution::outstanding_work.tracked);
        auto job = [reader,
                    loop,
                    longest,
                    model = std::move(model),
                    work = std::move(work),
                    handler = std::move(handler)]() mutable {
            reader->connection.use(std::move(model));
            Status done = run(reader->connection, longest, work);
            auto answer = [handler = std::move(handler), done = std::move(done)]() mutable {
                std::move(handler)(std::move(done));
            };
            asio::post(loop, std::move(answer));
        };
        asio::post(reader->thread, std::move(job));
    };
    ++reader->waiting;
    Status done = co_await asio::async_initiate<decltype(asio::use_awaitable), void(Status)>(
        std::move(start), asio::use_awaitable
    );
    --reader->waiting;
    co_return done;
}

}  // namespace muster::collector
