#include "base/log.hpp"
#include "collector/backup/restore.hpp"
#include "collector/backup/start_check.hpp"
#include "collector/brain/incidents/storage.hpp"
#include "collector/collector_impl.hpp"
#include "collector/enrolment/withdrawals.hpp"
#include "collector/fold_order.hpp"
#include "collector/journal/segments.hpp"
#include "collector/settings.hpp"

#include <functional>
#include <optional>
#include <utility>

namespace muster::collector {

namespace {

constexpr Duration verdict_patience = std::chrono::seconds(2);
constexpr int state_readers = 2;
/// Of looking through stores at a start: people wait for it.
constexpr Duration longest_check = std::chrono::seconds(1);

}  // namespace

Result<Collector> Collector::open(
    asio::io_context& loop, CollectorOptions options, CollectorWorld world
) {
    auto data = DataDirectory::open(*world.files, options.loaded.process.data_dir);
    if (!data) {
        return failure(data.error());
    }
    // Before anything in there is opened.
    if (auto finished = finish_restore(*world.files, data->path()); !finished) {
        return failure(finished.error());
    }
    const std::string backups = backup_options(options.loaded.process, data->path()).plan.folder;
    const auto sound = check_at_start(
        *world.files,
        {.data_dir = data->path(), .folder = backups, .from = {}},
        longest_check,
        world.clock->wall()
    );
    if (!sound) {
        return failure(sound.error());
    }
    auto impl = std::make_unique<Impl>(loop, std::move(options), world, std::move(*data));
    if (auto opened = impl->open_authority(); !opened) {
        return failure(opened.error());
    }
    // Ports before stores: a port that is taken must not leave an entry behind.
    auto listener = wire::LinkListener::open(
        loop, impl->process.listen_agents, impl->authority->link_identity()
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
        *world.files, data / "ca", server_names(process), world.clock->wall()
    );
    if (!opened) {
        return failure(opened.error());
    }
    authority = std::move(*opened);
    return {};
}

Status Collector::Impl::open_people() {
    HttpServerOptions server;
    server.endpoint = process.listen_people;
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
    JournalWriterOptions journalling = journal_options(process, data.path());
    journalling.version = options.version;
    journalling.installation = installation;
    if (auto noted = note_running(*world.files, data.path()); !noted) {
        return noted;
    }
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
    if (auto opened = open_backups(); !opened) {
        return opened;
    }
    gate.emplace(*loop, *journal, verdict_patience);
    LinkContext context{
        .loop = loop, .clock = world.clock, .journal = &*journal, .may_connect = {}, .renew = {}
    };
    context.may_connect = [this](const wire::Peer& peer) { return access->may_connect(peer); };
    context.renew = [this](wire::Peer peer, std::string request_pem) {
        return access->renew(std::move(peer), std::move(request_pem));
    };
    context.trusts = [this](AgentId agent, const std::string& authorities) {
        access->trusts(agent, authorities);
    };
    IntakeOptions taking = intake_options(process, data.path());
    taking.link.authorities_pem = authority->ca_pem();
    Intake intake(std::move(taking), *cursors, *world.files, world.clock->mono());
    link.emplace(std::move(context), std::move(listener), std::move(intake));
    return {};
}

Status Collector::Impl::open_folds(JournalWriter writer) {
    const Lsn end = writer.journal().next_lsn() - 1;
    const std::string directory = data / "journal";
    const BrainOptions deciding_options = brain_options(process, data.path());
    auto deciding = Brain::open(deciding_options);
    if (!deciding) {
        return failure(deciding.error());
    }
    const HistoryOptions keeping = history_options(process);
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
    // What the brain has yet to fold, beside the start, may say otherwise.
    if (!deciding->has_open(storage_full_key) && deciding->next_lsn() >= end) {
        is_storage_full = false;
    }
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
        .failed = failed,
        .reopen = [deciding_options] { return Brain::open(deciding_options); }
    };
    brain.emplace(std::move(*deciding), *brain_feed, end, *loop, std::move(callbacks));
    history.emplace(std::move(*past), *history_feed, *loop, failed);
    return {};
}

Status Collector::Impl::open_access() {
    auto noted = Lasting::open(*world.files, data / "lasting");
    const auto facts = read_lasting(*world.files, data / "lasting");
    if (!noted || !facts) {
        return failure(noted ? facts.error() : noted.error());
    }
    const auto again = withdraw_again(*world.files, data / "access.db", *facts);
    auto store = again ? AccessStore::open(data / "access.db") : failure(again.error());
    if (!store) {
        return failure(store.error());
    }
    if (*again > 0) {
        log(LogLevel::error,
            "access.revoked_again",
            {{"revocations", *again},
             {"why", "access.db had lost what was noted of them; look through users and tokens"}});
    }
    lasting.emplace(std::move(*noted));
    store->keep_lasting(*lasting);
    incidents_noted = greatest(*facts, "incidents");
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
        .certificate_valid = process.agent_certificate_valid,
        .cut_link = [this](AgentId agent) { link->revoke(agent); }
    };
    auto opened = AccessAdapter::open(context, std::move(*store));
    if (!opened) {
        return failure(opened.error());
    }
    access.emplace(std::move(*opened));
    return {};
}

Status Collector::Impl::open_backups() {
    using Stop = const std::stop_token&;
    BackupSources sources{
        .state = [this](const CopyPlace& to, Stop stop) { return brain->copy(to, stop); },
        .access = [this](const CopyPlace& to, Stop stop) { return access->copy(to, stop); },
        .history = [this](const CopyPlace& to, Stop stop) { return history->copy(to, stop); },
        .journal = [this](const CopyPlace& to, Stop stop) { return journal->copy(to, stop); }
    };
    BackupOptions making = backup_options(process, data.path());
    making.plan.version = options.version;
    making.plan.installation = installation;
    auto opened =
        BackupThread::open(*world.files, *world.clock, std::move(making), std::move(sources));
    if (!opened) {
        return failure(opened.error());
    }
    backups.emplace(std::move(*opened));
    return {};
}

void Collector::Impl::open_api() {
    const NotifierContext sending{
        .state = &*state,
        .clock = world.clock,
        .random = world.random,
        .files = world.files,
        .data_dir = data.path(),
        .installation = installation,
        .helo = mail_name(),
        .append =
            [this](EntryKind kind, std::string body) { appender->append(kind, std::move(body)); }
    };
    notifier.emplace(*loop, sending, notifier_options(process));
    HeartbeatOptions outside = heartbeat_options(process);
    outside.clock = world.clock;
    heartbeat.emplace(*loop, std::move(outside), *world.files, [this] { return is_well(); });
    api_context.state = &*state;
    api_context.clock = world.clock;
    api_context.random = world.random;
    api_context.access = access->operations();
    api_context.journal = data / "journal";
    api_context.self = {
        .names = process.names,
        .host_name = machine_name(),
        .people_port = http->port(),
        .agents_port = link->port()
    };
    api_context.submit = [this](Command command) { return gate->submit(std::move(command)); };
    api_context.results = [this](HistoryQuery query) { return history->query(std::move(query)); };
    api_context.backups = [this] { return backups->list(); };
    api_context.back_up = [this] { return backups->request(); };
    api_context.health = [this] { return health(); };
    api_context.figures = [this] { return figures(); };
    api_context.nobody_told = [this] { return nobody_told; };
    api_context.test_channel = [this](std::string name) { return test_channel(std::move(name)); };
    api_context.configuration = [this] { return &configuration; };
    api_context.apply = [this](const ApplyRequest& request) { return apply(request); };
    api.emplace(api_context);
}

}  // namespace muster::collector
