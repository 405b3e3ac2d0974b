#include "base/bytes.hpp"
#include "base/log.hpp"
#include "collector/api/policy_store.hpp"
#include "collector/backup/start_check.hpp"
#include "collector/collector_impl.hpp"
#include "collector/settings.hpp"
#include "collector/watch_entry.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <csignal>
#include <unistd.h>
#include <utility>

namespace muster::collector {

namespace {

constexpr Duration lag_every = std::chrono::milliseconds(200);
constexpr Duration room_every = std::chrono::milliseconds(500);
/// So long the disk is given to show what was freed before more is spared.
constexpr Duration between_sacrifices = std::chrono::seconds(5);
constexpr Duration certificate_every = std::chrono::minutes(1);
constexpr std::uint64_t incidents_ahead = 100;
constexpr Duration longest_stop = std::chrono::seconds(10);
const std::uint64_t full_credit = wire::LinkServerOptions{}.credit_bytes;
/// Entries the brain may be behind while the collector still counts as well to those outside.
constexpr std::uint64_t most_behind = 10'000;

}  // namespace

Collector::Collector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Collector::Collector(Collector&&) noexcept = default;
Collector::~Collector() = default;

void Collector::start() {
    Impl& impl = *impl_;
    // First of all: whoever reads that it is ready may stop it at once.
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        impl.signals.add(number);
    }
    for (IssuedAssignments& issued : std::exchange(impl.in_force, {})) {
        impl.link->issued(std::move(issued));
    }
    impl.watch();
    impl.warn_of_secrets();
    impl.tasks.start("collector.signals", impl.watch_signals());
    impl.tasks.start("collector.lag", impl.watch_lag());
    impl.tasks.start("collector.room", impl.watch_room());
    impl.tasks.start("collector.certificate", impl.watch_certificate());
    impl.supervision->start(impl.tasks);
}

void Collector::stop(const std::string& reason) {
    impl_->begin_stop(reason);
}

int Collector::exit_code() const {
    return impl_->exit_code;
}

/// Well ahead of those that were given, so that it is seldom written.
void Collector::Impl::note_incidents(std::uint64_t last) {
    if (last + incidents_ahead / 2 <= incidents_noted) {
        return;
    }
    const std::uint64_t next = last + incidents_ahead;
    const Status noted = lasting->note(world.clock->wall(), "incidents", std::to_string(next));
    if (!noted) {
        log(LogLevel::warning, "lasting.not_noted", {{"why", noted.error().text()}});
        return;
    }
    incidents_noted = next;
}

void Collector::Impl::release(Effects effects) {
    note_incidents(effects.last_incident);
    gate->answered(std::move(effects.answers));
    for (const AgentId agent : effects.shown) {
        access->shown(agent);
    }
    for (Effects::Append& wanted : effects.append) {
        appender->append(wanted.kind, std::move(wanted.body));
    }
    for (IssuedAssignments& issued : effects.issued) {
        link->issued(std::move(issued));
    }
    if (effects.outbox_changed) {
        notifier->poke();
    }
    if (effects.events) {
        api->events().wake();
    }
    for (const auto& [reason, count] : effects.receipts) {
        receipts[reason] += count;
    }
    if (effects.nobody_told) {
        note_telling(std::move(*effects.nobody_told));
    }
}

void Collector::Impl::note_telling(std::string why) {
    if (why == nobody_told) {
        return;
    }
    if (why.empty()) {
        log(LogLevel::notice, "telling.somebody_again", {});
    } else {
        log(LogLevel::warning, "telling.nobody", {{"why", why}});
    }
    nobody_told = std::move(why);
}

Task<std::optional<ChannelTest>> Collector::Impl::test_channel(std::string name) {
    Task<std::optional<DeliveryAnswer>> testing = notifier->test(std::move(name));
    const std::optional<DeliveryAnswer> answer = co_await std::move(testing);
    if (!answer) {
        co_return std::nullopt;
    }
    co_return ChannelTest{answer->delivered, answer->status, answer->detail};
}

/// What is told outside as "well": everything that is ready, room for results, and the brain at the journal's heels.
bool Collector::Impl::is_well() const {
    const std::vector<HealthCheck> checks = health();
    return std::ranges::all_of(
               checks, [](const HealthCheck& check) { return check.ready || check.strict_only; }
           ) &&
           room.room() != Room::none && brain_feed->lag().entries < most_behind;
}

/// An entry only where something has changed; channels in any case.
void Collector::Impl::watch() {
    const config::LoadedCollector& loaded = configuration.running();
    state->use(configuration.model());
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

Task<void> Collector::Impl::reload() {
    supervision->reloading();
    refresh_certificate();
    Task<Result<ClassUse>> counting = declared_use(&*state, &configuration);
    const Result<ClassUse> in_use = co_await std::move(counting);
    if (!in_use) {
        log(LogLevel::error, "config.rejected", {{"why", in_use.error().text()}});
    } else if (configuration.reload(*in_use)) {
        const auto had = config_hash;
        watch();
        if (config_hash == had) {
            log(LogLevel::info, "config.unchanged", {});
        }
    }
    link->reread_secrets();
    warn_of_secrets();
    supervision->reloaded();
}

void Collector::Impl::warn_of_secrets() const {
    for (const UnreadSecret& secret :
         unread_secrets(*world.files, data.path(), configuration.running().watch)) {
        log(LogLevel::warning,
            "config.secret_unread",
            {{"where", config::to_text(secret.place)}, {"why", secret.why}});
    }
}

/// Both listeners show a new certificate from the next connection on; those there are stay.
void Collector::Impl::refresh_certificate() {
    const auto refreshed = authority->refresh(
        *world.files, server_names(process, authority->server_names()), world.clock->wall()
    );
    Status used;
    if (refreshed && *refreshed != CertificateAuthority::Refreshed::unchanged) {
        used = link->use(authority->link_identity());
        if (used) {
            used = http->use(authority->server_chain_pem(), Secret(authority->server_key_pem()));
        }
        if (used) {
            log(LogLevel::notice, "certificate.in_use", {{"path", data / "ca/server.crt"}});
        }
    }
    std::string problem = refreshed ? "" : refreshed.error().text();
    problem = used ? std::move(problem) : used.error().text();
    if (!problem.empty() && problem != certificate_problem) {
        log(LogLevel::error, "certificate.rejected", {{"why", problem}});
    }
    certificate_problem = std::move(problem);
}

Result<ApplyOutcome> Collector::Impl::apply(const ApplyRequest& request) {
    auto outcome = configuration.apply(request);
    if (outcome && request.mode == ApplyMode::apply) {
        watch();
        link->reread_secrets();
        outcome->config_hash = to_hex(config_hash);
    }
    return outcome;
}

void Collector::Impl::caught_up() {
    if (is_stopping) {
        return;
    }
    is_ready = true;
    // Not before: an agent may run an epoch that was issued after the last snapshot.
    link->start();
    notifier->configure(configuration.running().watch.channels);
    heartbeat->start();
    backups->start();
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
    const std::string backup_trouble = backups->trouble();
    return {
        {.name = "brain",
         .ready = is_ready && !is_stopping,
         .detail = std::to_string(behind.entries) + " entries behind the journal"},
        {.name = "history",
         .ready = true,
         .detail = std::to_string(history_behind.entries) + " entries behind the journal"},
        {.name = "agents", .ready = true, .detail = std::to_string(link->sessions()) + " connected"
        },
        {.name = "storage",
         .ready = room.room() != Room::none,
         .detail = std::to_string(room.free() >> 20U) + " MiB free" +
                   (room.room() == Room::none ? ", no results are taken: make room" : ""),
         .strict_only = true},
        {.name = "telling",
         .ready = nobody_told.empty(),
         .detail = nobody_told.empty() ? "somebody is told" : "nobody will be told: " + nobody_told,
         .strict_only = true},
        {.name = "backup",
         .ready = backup_trouble.empty(),
         .detail = backup_trouble.empty() ? "nothing is wrong with the backups" : backup_trouble,
         .strict_only = true}
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
    heartbeat->stop();
    co_await http->drained();
    co_await notifier->drained();
    co_await link->stop(reason);
    proto::CollectorStopping body;
    body.set_reason(reason);
    appender->append(EntryKind::collector_stopping, body.SerializeAsString());
    backups->stop();
    journal->stop();
    brain->stop();
    history->stop();
    access->stop();
    if (const auto removed = world.files->remove(data / "collector.json"); !removed) {
        log(LogLevel::warning, "collector.not_removed", {{"why", removed.error().text()}});
    }
    // After a store has failed the next start looks through all of them.
    const Status noted = exit_code == 0 ? note_stopped(*world.files, data.path())
                                        : note_failed(*world.files, data.path());
    if (!noted) {
        log(LogLevel::warning, "collector.not_noted", {{"why", noted.error().text()}});
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
            co_await reload();
        } else {
            begin_stop(number == SIGTERM ? "SIGTERM" : "SIGINT");
        }
    }
}

Task<void> Collector::Impl::watch_lag() {
    while (!is_stopping && co_await sleep_for(lag_every)) {
        const Lsn next = brain_feed->next();
        const FoldFeed::Lag behind = brain_feed->lag();
        const std::uint64_t of_brain = lag.credit(world.clock->mono(), next, behind, full_credit);
        credit = room.room() == Room::none ? 0 : of_brain;
        link->set_credit(credit);
        appender->retry();
    }
}

/// A full disk does not tell when it is full no more.
Task<void> Collector::Impl::watch_room() {
    MonoTime thin_at{};
    while (!is_stopping) {
        const Room before = room.room();
        const Room now = room.look();
        use_room(now);
        if (now == Room::ample || before == Room::ample) {
            // The journal first; what that frees is seen at the next look.
            thin_at = world.clock->mono() + between_sacrifices;
        } else if (world.clock->mono() >= thin_at) {
            thin_at = world.clock->mono() + between_sacrifices;
            history->thin(room.missing());
        }
        if (!co_await sleep_for(room_every)) {
            co_return;
        }
    }
}

void Collector::Impl::use_room(Room now) {
    journal->retain(now == Room::ample ? Retain::to_limits : Retain::least);
    const bool is_full = now == Room::none;
    if (is_full == is_storage_full) {
        return;
    }
    const bool was_known = std::exchange(is_storage_full, is_full).has_value();
    if (is_full) {
        log(LogLevel::error,
            "storage.full",
            {{"path", data.path()},
             {"free", room.free()},
             {"effect", "no results are taken; agents keep theirs"},
             {"do", "make room: results are taken again by themselves"}});
    } else if (was_known) {
        log(LogLevel::notice, "storage.ample", {{"path", data.path()}, {"free", room.free()}});
    }
    proto::CollectorStorage body;
    body.set_is_full(is_full);
    body.set_free_bytes(room.free());
    body.set_reserve_bytes(room.reserve());
    body.set_path(data.path());
    appender->append(EntryKind::collector_storage, body.SerializeAsString());
}

/// Certificates end, and files change, without anybody telling.
Task<void> Collector::Impl::watch_certificate() {
    while (!is_stopping && co_await sleep_for(certificate_every)) {
        refresh_certificate();
    }
}

}  // namespace muster::collector
