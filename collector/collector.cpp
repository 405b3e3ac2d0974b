#include "collector/collector.hpp"

#include "base/log.hpp"
#include "collector/api/api.hpp"
#include "collector/api/http_server.hpp"
#include "collector/brain_thread.hpp"
#include "collector/command_gate.hpp"
#include "collector/data_directory.hpp"
#include "collector/enrolment/access_adapter.hpp"
#include "collector/fold_lag.hpp"
#include "collector/fold_order.hpp"
#include "collector/history/history_thread.hpp"
#include "collector/intake/link_adapter.hpp"
#include "collector/journal/appender.hpp"
#include "collector/journal/journal_thread.hpp"
#include "collector/journal/segments.hpp"
#include "collector/notify/notifier.hpp"
#include "collector/reload.hpp"
#include "collector/settings.hpp"
#include "collector/supervision.hpp"
#include "collector/watch_entry.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <csignal>
#include <functional>
#include <optional>
#include <unistd.h>
#include <utility>

namespace muster::collector {

namespace {

constexpr Duration verdict_patience = std::chrono::seconds(2);
constexpr Duration lag_every = std::chrono::milliseconds(200);
constexpr Duration longest_stop = std::chrono::seconds(10);
constexpr std::uint64_t full_credit = wire::LinkServerOptions{}.credit_bytes;
constexpr int state_readers = 2;

}  // namespace

struct Collector::Impl {
    Impl(asio::io_context& own, CollectorOptions given, CollectorWorld around, DataDirectory folder)
        : loop(&own),
          options(std::move(given)),
          world(around),
          data(std::move(folder)),
          signals(own),
          guard(own),
          tasks(own) {}

    asio::io_context* loop;
    CollectorOptions options;
    CollectorWorld world;
    DataDirectory data;
    // Destroyed from the last to the first: each part before those it uses.
    std::optional<CertificateAuthority> authority;
    std::optional<FoldFeed> brain_feed;
    std::optional<FoldFeed> history_feed;
    std::optional<JournalThread> journal;
    std::optional<Appender> appender;
    std::optional<BrainThread> brain;
    std::optional<HistoryThread> history;
    std::optional<StateReader> state;
    std::optional<AccessAdapter> access;
    std::optional<CommandGate> gate;
    std::optional<LinkAdapter> link;
    std::optional<Notifier> notifier;
    ApiContext api_context;
    std::optional<Api> api;
    std::optional<HttpServer> http;
    std::string installation;
    std::vector<IssuedAssignments> in_force;  // until start
    std::string config_hash;                  // of the last config.loaded
    FoldLag lag;
    std::optional<Supervision> supervision;
    bool is_ready = false;
    bool is_stopping = false;
    int exit_code = 0;
    asio::signal_set signals;
    asio::steady_timer guard;
    TaskGroup tasks;

    Status open_authority();
    Status open_people();
    Status open_stores(wire::LinkListener listener);
    Status open_folds(JournalWriter writer);
    Status open_access();
    void open_api();
    void release(Effects effects);
    void watch(const config::LoadedCollector& loaded);
    void reload();
    void caught_up();
    void fail(const Error& why);
    std::vector<HealthCheck> health() const;
    std::string status() const;
    void begin_stop(const std::string& reason);
    Task<void> shut_down(std::string reason);
    Task<void> watch_signals();
    Task<void> watch_lag();
};

Collector::Collector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Collector::Collector(Collector&&) noexcept = default;
Collector::~Collector() = default;

Result<Collector> Collector::open(
    asio::io_context& loop, CollectorOptions options, CollectorWorld world
) {
    auto data = DataDirectory::open(*world.files, options.loaded.process.data_dir);
    if (!data) {
        return failure(data.error());
    }
    auto impl = std::make_unique<Impl>(loop, std::move(options), world, std::move(*data));
    if (auto opened = impl->open_authority(); !opened) {
        return failure(opened.error());
    }
    // Ports before stores: a port that is taken must not leave an entry behind.
    auto listener = wire::LinkListener::open(
        loop, impl->options.loaded.process.listen_agents, impl->authority->link_identity()
    );
    if (!listener) {
        return failure(listener.error());
    }
    if (auto opened = impl->open_people(); !opened) {
        return failure(opened.error());
    }
    if (auto opened = impl->open_stores(std::move(*listener)); !opened) {
        return failure(opened.error());
    }
    impl->open_api();
    impl->supervision.emplace(impl->options.manager, *impl->brain_feed, [self = impl.get()] {
        return self->status();
    });
    return Collector(std::move(impl));
}

Status Collector::Impl::open_authority() {
    auto opened = CertificateAuthority::open(
        *world.files, data / "ca", server_names(options.loaded.process), world.clock->wall()
    );
    if (!opened) {
        return failure(opened.error());
    }
    authority = std::move(*opened);
    return {};
}

Status Collector::Impl::open_people() {
    HttpServerOptions server;
    server.endpoint = options.loaded.process.listen_people;
    server.certificate_chain_pem = authority->server_chain_pem();
    server.private_key_pem = Secret(authority->server_key_pem());
    auto opened = HttpServer::open(*loop, std::move(server), [this](HttpRequest request) {
        return api->answer(std::move(request));
    });
    if (!opened) {
        return failure(opened.error());
    }
    http.emplace(std::move(*opened));
    return {};
}

Status Collector::Impl::open_stores(wire::LinkListener listener) {
    auto named = data.installation(*world.files, *world.random);
    if (!named) {
        return failure(named.error());
    }
    installation = std::move(*named);
    JournalWriterOptions journalling = journal_options(options.loaded.process, data.path());
    journalling.version = options.version;
    journalling.installation = installation;
    auto writer = JournalWriter::open(std::move(journalling), *world.clock);
    if (!writer) {
        return failure(writer.error());
    }
    auto cursors = writer->journal().cursors();
    if (!cursors) {
        return failure(cursors.error());
    }
    config_hash = writer->journal().config_hash();
    if (auto opened = open_folds(std::move(*writer)); !opened) {
        return opened;
    }
    auto reader = StateReader::open(data / "state.db", state_readers);
    if (!reader) {
        return failure(reader.error());
    }
    state.emplace(std::move(*reader));
    if (auto opened = open_access(); !opened) {
        return opened;
    }
    gate.emplace(*loop, *journal, verdict_patience);
    LinkContext context{
        .loop = loop, .clock = world.clock, .journal = &*journal, .may_connect = {}
    };
    context.may_connect = [this](const wire::Peer& peer) { return access->may_connect(peer); };
    Intake intake(
        intake_options(options.loaded.process), *cursors, *world.files, world.clock->mono()
    );
    link.emplace(std::move(context), std::move(listener), std::move(intake));
    return {};
}

Status Collector::Impl::open_folds(JournalWriter writer) {
    const Lsn end = writer.journal().next_lsn() - 1;
    const std::string directory = data / "journal";
    auto deciding = Brain::open(brain_options(options.loaded.process, data.path()));
    if (!deciding) {
        return failure(deciding.error());
    }
    const HistoryOptions keeping = history_options(options.loaded.process);
    auto past = History::open(*world.files, data / "history", keeping);
    if (!past) {
        return failure(past.error());
    }
    const auto segments = list_segments(directory);
    if (!segments) {
        return failure(segments.error());
    }
    const Lsn first = segments->empty() ? 1 : segments->front();
    if (const Status skipped = past->skip_to(first); !skipped) {
        return skipped;
    }
    const Status brain_fits = check_order("state.db", deciding->folded(), first, end);
    const Status history_fits = check_order("history", past->next_lsn() - 1, first, end);
    if (!brain_fits || !history_fits) {
        return brain_fits ? history_fits : brain_fits;
    }
    auto brain_reader = JournalReader::open(directory);
    auto history_reader = JournalReader::open(directory);
    if (!brain_reader || !history_reader) {
        return failure(!brain_reader ? brain_reader.error() : history_reader.error());
    }
    brain_feed.emplace(std::move(*brain_reader), deciding->next_lsn(), end);
    history_feed.emplace(std::move(*history_reader), past->next_lsn(), end);
    const auto failed = [this](const Error& why) { fail(why); };
    in_force = deciding->assignments();
    journal.emplace(
        std::move(writer),
        *world.clock,
        *loop,
        std::vector<FoldFeed*>{&*brain_feed, &*history_feed},
        failed
    );
    appender.emplace(*journal, *world.clock);
    BrainThread::Callbacks callbacks{
        .effects = [this](Effects effects) { release(std::move(effects)); },
        .caught_up = [this] { caught_up(); },
        .failed = failed
    };
    brain.emplace(std::move(*deciding), *brain_feed, end, *loop, std::move(callbacks));
    history.emplace(std::move(*past), *history_feed, *loop, failed);
    return {};
}

Status Collector::Impl::open_access() {
    auto store = AccessStore::open(data / "access.db");
    if (!store) {
        return failure(store.error());
    }
    const auto ensured = store->tokens().ensure_administrator(
        *world.files, data / "admin.token", *world.random, world.clock->wall()
    );
    if (!ensured) {
        return ensured;
    }
    const AccessContext context{
        .loop = loop,
        .clock = world.clock,
        .random = world.random,
        .journal = &*appender,
        .authority = &*authority,
        .certificate_valid = options.loaded.process.agent_certificate_valid
    };
    auto opened = AccessAdapter::open(context, std::move(*store));
    if (!opened) {
        return failure(opened.error());
    }
    access.emplace(std::move(*opened));
    return {};
}

void Collector::Impl::open_api() {
    const NotifierContext sending{
        .state = &*state,
        .clock = world.clock,
        .random = world.random,
        .files = world.files,
        .installation = installation,
        .append =
            [this](EntryKind kind, std::string body) { appender->append(kind, std::move(body)); }
    };
    notifier.emplace(*loop, sending, notifier_options(options.loaded.process));
    api_context.state = &*state;
    api_context.clock = world.clock;
    api_context.random = world.random;
    api_context.access = access->operations();
    api_context.submit = [this](Command command) { return gate->submit(std::move(command)); };
    api_context.results = [this](HistoryQuery query) { return history->query(std::move(query)); };
    api_context.health = [this] { return health(); };
    api.emplace(api_context);
}

void Collector::start() {
    Impl& impl = *impl_;
    // First of all: whoever reads that it is ready may stop it at once.
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        impl.signals.add(number);
    }
    for (IssuedAssignments& issued : std::exchange(impl.in_force, {})) {
        impl.link->issued(std::move(issued));
    }
    impl.watch(impl.options.loaded);
    impl.tasks.start("collector.signals", impl.watch_signals());
    impl.tasks.start("collector.lag", impl.watch_lag());
    impl.supervision->start(impl.tasks);
}

void Collector::stop(const std::string& reason) {
    impl_->begin_stop(reason);
}

int Collector::exit_code() const {
    return impl_->exit_code;
}

void Collector::Impl::release(Effects effects) {
    gate->answered(std::move(effects.answers));
    for (Effects::Append& wanted : effects.append) {
        appender->append(wanted.kind, std::move(wanted.body));
    }
    for (IssuedAssignments& issued : effects.issued) {
        link->issued(std::move(issued));
    }
    if (effects.outbox_changed) {
        notifier->poke();
    }
}

/// An entry only where something has changed; channels in any case.
void Collector::Impl::watch(const config::LoadedCollector& loaded) {
    Pending entry = watch_entry(loaded);
    if (entry.config_hash != config_hash) {
        config_hash = entry.config_hash;
        const auto stored = [targets = loaded.watch.targets.size(),
                             policies = loaded.watch.policies.size(),
                             channels = loaded.watch.channels.size()] {
            log(LogLevel::info,
                "config.loaded",
                {{"targets", targets}, {"policies", policies}, {"channels", channels}});
        };
        appender->append(std::move(entry), stored);
    }
    // Before the brain has caught up, the outbox shows messages whose delivery it has yet to fold.
    if (is_ready) {
        notifier->configure(loaded.watch.channels);
    }
}

void Collector::Impl::reload() {
    if (options.config_path.empty()) {
        return;
    }
    supervision->reloading();
    auto loaded =
        read_again(*world.files, options.config_path, options.data_dir, options.loaded.process);
    if (loaded) {
        options.loaded = std::move(*loaded);
        watch(options.loaded);
    }
    supervision->reloaded();
}

void Collector::Impl::caught_up() {
    if (is_stopping) {
        return;
    }
    is_ready = true;
    // Not before: an agent may run an epoch that was issued after the last snapshot.
    link->start();
    notifier->configure(options.loaded.watch.channels);
    const config::CollectorConfig& process = options.loaded.process;
    const boost::json::object ports = {
        {"people_port", http->port()}, {"agents_port", link->port()}, {"pid", ::getpid()}
    };
    const auto written = write_file_atomically(
        *world.files, data / "collector.json", boost::json::serialize(ports) + "\n"
    );
    if (!written) {
        log(LogLevel::warning, "collector.not_announced", {{"why", written.error().text()}});
    }
    log(LogLevel::notice,
        "collector.ready",
        {{"people", with_port(process.listen_people, http->port())},
         {"agents", with_port(process.listen_agents, link->port())},
         {"data_dir", data.path()},
         {"version", options.version}});
    supervision->ready();
}

void Collector::Impl::fail(const Error& why) {
    exit_code = 1;
    begin_stop("a store failed: " + why.text());
}

std::vector<HealthCheck> Collector::Impl::health() const {
    const FoldFeed::Lag behind = brain_feed->lag();
    const FoldFeed::Lag history_behind = history_feed->lag();
    return {
        {.name = "brain",
         .ready = is_ready && !is_stopping,
         .detail = std::to_string(behind.entries) + " entries behind the journal"},
        {.name = "history",
         .ready = true,
         .detail = std::to_string(history_behind.entries) + " entries behind the journal"},
        {.name = "agents", .ready = true, .detail = std::to_string(link->sessions()) + " connected"}
    };
}

std::string Collector::Impl::status() const {
    const Lsn behind = brain_feed->lag().entries;
    return is_ready ? status_line(http->port(), link->port(), link->sessions(), behind)
                    : status_line(behind);
}

void Collector::Impl::begin_stop(const std::string& reason) {
    if (is_stopping) {
        return;
    }
    is_stopping = true;
    supervision->stopping(reason, longest_stop);
    log(LogLevel::notice, "collector.stopping", {{"why", reason}});
    tasks.start("collector.stop", shut_down(reason));
}

/// From the outside inwards, so that each part still has those it needs.
Task<void> Collector::Impl::shut_down(std::string reason) {
    guard.expires_after(longest_stop);
    guard.async_wait([this](boost::system::error_code ended) {
        if (!ended) {
            log(LogLevel::warning, "collector.stop_cut_short", {});
            loop->stop();
        }
    });
    signals.cancel();
    http->stop();
    notifier->stop();
    co_await http->drained();
    co_await notifier->drained();
    co_await link->stop(reason);
    proto::CollectorStopping body;
    body.set_reason(reason);
    appender->append(EntryKind::collector_stopping, body.SerializeAsString());
    journal->stop();
    brain->stop();
    history->stop();
    access->stop();
    if (const auto removed = world.files->remove(data / "collector.json"); !removed) {
        log(LogLevel::warning, "collector.not_removed", {{"why", removed.error().text()}});
    }
    guard.cancel();
    log(LogLevel::notice, "collector.stopped", {});
    tasks.stop();
}

Task<void> Collector::Impl::watch_signals() {
    while (!is_stopping) {
        boost::system::error_code ended;
        const int number =
            co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, ended));
        if (ended) {
            co_return;
        }
        if (number == SIGHUP) {
            reload();
        } else {
            begin_stop(number == SIGTERM ? "SIGTERM" : "SIGINT");
        }
    }
}

Task<void> Collector::Impl::watch_lag() {
    while (!is_stopping && co_await sleep_for(lag_every)) {
        const Lsn next = brain_feed->next();
        const FoldFeed::Lag behind = brain_feed->lag();
        link->set_credit(lag.credit(world.clock->mono(), next, behind, full_credit));
        appender->retry();
    }
}

}  // namespace muster::collector
