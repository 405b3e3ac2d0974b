#include "agent/uplink.hpp"

#include "agent/known_addresses.hpp"
#include "agent/path_width.hpp"
#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "wire/refusal.hpp"

#include <boost/asio/steady_timer.hpp>

#include <charconv>
#include <deque>
#include <optional>
#include <utility>

namespace muster::agent {

namespace {

/// The link client itself notices a silent collector; this only keeps an await from being endless.
constexpr Duration longest_receive = std::chrono::hours(1);

wire::AgentFacts with_authorities(wire::AgentFacts facts, const UplinkOptions& options) {
    if (options.credentials != nullptr) {
        facts.authorities = sha256(options.credentials->in_use().ca_pem);
    }
    return facts;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) {
    Endpoint out{.host = std::string(text), .port = default_port};
    const std::size_t colon = text.rfind(':');
    const bool bracketed = text.starts_with('[');
    const std::size_t bracket = text.rfind(']');
    const bool has_port = colon != std::string_view::npos &&
                          (bracketed ? bracket + 1 == colon : text.find(':') == colon);
    if (has_port) {
        const std::string_view digits = text.substr(colon + 1);
        const auto [end, problem] =
            std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
        if (problem != std::errc{} || end != digits.data() + digits.size() || out.port == 0) {
            return failure(ErrorKind::invalid, "not a port: expected host:port", std::string(text));
        }
        out.host = text.substr(0, colon);
    }
    if (bracketed && out.host.ends_with(']')) {
        out.host = out.host.substr(1, out.host.size() - 2);
    }
    if (out.host.empty()) {
        return failure(ErrorKind::invalid, "no host: expected host:port", std::string(text));
    }
    return out;
}

struct Uplink::Impl : std::enable_shared_from_this<Uplink::Impl> {
    Impl(
        asio::io_context& on,
        const Clock& the_clock,
        Random& random,
        UplinkOptions the_options,
        wire::AgentFacts facts,
        std::vector<wire::SpoolPosition> positions,
        UplinkEvents the_events
    )
        : loop(on),
          clock(the_clock),
          options(std::move(the_options)),
          events(std::move(the_events)),
          client(
              options.link,
              with_authorities(std::move(facts), options),
              std::move(positions),
              random,
              clock.mono()
          ),
          timer(on),
          tasks(on) {}

    void perform(wire::LinkClient::Actions actions);
    void act(wire::LinkAction action);
    void arm();
    void on_timer();
    void close(const std::string& why);
    void tell_revoked();
    void connection_ended(const Error& why);
    void count();
    void ask_for_certificate();
    void on_authorities(const std::string& pem);
    void recover_if_due();
    static Task<void> recover(std::shared_ptr<Impl> self, std::string request_pem);
    void on_certificate(const wire::link_action::Certificate& answer);

    /// A connection, and at which address of the collector's name.
    struct Called {
        std::unique_ptr<wire::Connection> connection;
        std::string address;
    };

    Task<Result<Called>> dial();
    static Task<void> serve(std::shared_ptr<Impl> self, std::uint64_t generation);

    asio::io_context& loop;
    const Clock& clock;
    UplinkOptions options;
    UplinkEvents events;
    wire::LinkClient client;
    asio::steady_timer timer;
    MonoTime armed_for = MonoTime::max();
    TaskGroup tasks;
    KnownAddresses addresses_known;
    PathWidth path;
    MonoTime connected_at{};
    std::shared_ptr<wire::Connection> connection;  // shared with serve(), which waits inside it
    std::uint64_t generation = 0;  // of the connection; what older ones report is ignored
    std::deque<wire::LinkAction> queue;
    bool performing = false;
    bool draining = false;  // stop() closes the connection itself, after what is queued
    bool stopped = false;
    bool live = false;
    bool recovering = false;
    std::optional<MonoTime> told_revoked;
    std::string last_failure;
    std::uint64_t failures = 0;
};

void Uplink::Impl::perform(wire::LinkClient::Actions actions) {
    for (wire::LinkAction& action : actions) {
        queue.push_back(std::move(action));
    }
    if (performing) {
        return;
    }
    performing = true;
    while (!queue.empty()) {
        wire::LinkAction action = std::move(queue.front());
        queue.pop_front();
        act(std::move(action));
    }
    performing = false;
    if (live != client.is_live()) {
        live = client.is_live();
        if (events.live_changed) {
            events.live_changed(live);
        }
    }
    arm();
}

void Uplink::Impl::act(wire::LinkAction action) {
    namespace todo = wire::link_action;
    if (auto* send = std::get_if<todo::Send>(&action)) {
        if (connection) {
            if (auto sent = connection->send(send->frame); !sent) {
                connection_ended(sent.error());
            }
        }
    } else if (auto* fetch = std::get_if<todo::Fetch>(&action)) {
        events.fetch(fetch->spool, fetch->from_seq, fetch->bytes);
    } else if (auto* acked = std::get_if<todo::Acked>(&action)) {
        if (path.delivered(clock.mono() - connected_at)) {
            log(LogLevel::notice,
                "link.small_packets",
                {{"collector", options.collector.host},
                 {"why",
                  "larger ones seem to vanish on the way: a tunnel, or a firewall that drops ICMP"}}
            );
        }
        events.acked(acked->spool, acked->seq, acked->fingerprint);
    } else if (auto* rewound = std::get_if<todo::Rewound>(&action)) {
        events.rewound(rewound->spool, rewound->seq);
    } else if (auto* rekey = std::get_if<todo::Rekey>(&action)) {
        events.rekeyed(rekey->spool, rekey->from_seq);
    } else if (std::holds_alternative<todo::Renew>(action)) {
        events.renew();
    } else if (auto* apply = std::get_if<todo::Apply>(&action)) {
        events.apply(apply->epoch, std::move(apply->items));
    } else if (auto* closing = std::get_if<todo::Close>(&action)) {
        if (closing->is_refusal && options.credentials != nullptr && !recovering) {
            options.credentials->refused();
        }
        if (closing->is_silence) {
            path.in_vain();
        }
        close(closing->why);
        if (closing->is_refusal && closing->why.ends_with(wire::revoked_reason)) {
            tell_revoked();
        }
    } else if (const auto* answer = std::get_if<todo::Certificate>(&action)) {
        on_certificate(*answer);
    } else if (const auto* authorities = std::get_if<todo::Authorities>(&action)) {
        on_authorities(authorities->pem);
    } else if (std::get_if<todo::Connected>(&action) != nullptr) {
        log(LogLevel::info,
            "link.connected",
            {{"collector", options.collector.host}, {"port", options.collector.port}});
        last_failure.clear();
        failures = 0;
        told_revoked.reset();
        if (options.credentials != nullptr) {
            options.credentials->accepted();
        }
    } else {
        ++generation;
        tasks.start("uplink", serve(shared_from_this(), generation));
    }
}

void Uplink::Impl::close(const std::string& why) {
    if (live || last_failure != why) {
        log(LogLevel::notice, "link.closed", {{"why", why}});
        last_failure = why;
    }
    ++generation;
    if (connection && !draining) {
        connection->close();
        connection.reset();
    }
}

/// Once a day: whoever looks why this machine tells nothing finds it, and what to do.
void Uplink::Impl::tell_revoked() {
    const MonoTime now = clock.mono();
    if (told_revoked && now - *told_revoked < std::chrono::hours(24)) {
        return;
    }
    told_revoked = now;
    log(LogLevel::warning,
        "agent.revoked",
        {{"collector", options.collector.host},
         {"remedy",
          "enrol it anew with a join token of another name (muster token create --agent --name "
          "ANOTHER; stop the agent, remove its folder identity, muster-agent enrol), or stop it "
          "for "
          "good"}});
}

void Uplink::Impl::connection_ended(const Error& why) {
    ++failures;
    // Not what a network does: the other side, or our own TLS, does not want this certificate.
    const bool is_unwanted = why.kind() == ErrorKind::refused || why.kind() == ErrorKind::invalid ||
                             why.kind() == ErrorKind::internal;
    // While one certificate is being recovered, it stays the one in use.
    if (is_unwanted && options.credentials != nullptr && !recovering) {
        options.credentials->refused();
        recover_if_due();
    }
    if (client.is_live()) {
        log(LogLevel::notice, "link.closed", {{"why", why.text()}});
    } else if (last_failure != why.text()) {
        // Said once; that it goes on failing the same way is no news.
        last_failure = why.text();
        log(LogLevel::warning, "link.failed", {{"why", last_failure}, {"tries", failures}});
    }
    ++generation;
    const bool is_silence = connection != nullptr ? why.kind() == ErrorKind::unavailable
                                                  : why.kind() == ErrorKind::timeout;
    if (is_silence) {
        path.in_vain();
    }
    if (connection) {
        connection->close();
        connection.reset();
    }
    perform(client.on_closed(clock.mono()));
}

void Uplink::Impl::arm() {
    const MonoTime wake = stopped ? MonoTime::max() : client.next_wake();
    if (wake == armed_for) {
        return;
    }
    armed_for = wake;
    if (wake == MonoTime::max()) {
        timer.cancel();
        return;
    }
    timer.expires_after(std::max(Duration(wake - clock.mono()), Duration{0}));
    timer.async_wait([weak = weak_from_this()](const boost::system::error_code& problem) {
        const auto self = weak.lock();
        if (!problem && self) {
            self->on_timer();
        }
    });
}

void Uplink::Impl::on_timer() {
    armed_for = MonoTime::max();
    if (stopped) {
        return;
    }
    count();
    perform(client.on_time(clock.mono(), clock.wall()));
    ask_for_certificate();
}

/// Looks with every heartbeat.
void Uplink::Impl::ask_for_certificate() {
    if (options.credentials == nullptr || !client.is_live()) {
        return;
    }
    if (auto request = options.credentials->request_due(clock.wall())) {
        failpoint("renewal.before_request");
        perform(client.request_certificate(std::move(*request)));
    }
}

void Uplink::Impl::on_certificate(const wire::link_action::Certificate& answer) {
    if (options.credentials == nullptr) {
        return;
    }
    failpoint("renewal.answered");
    const Status stored = answer.problem.empty()
                              ? options.credentials->issued(answer.certificate_pem, clock.wall())
                              : failure(ErrorKind::refused, answer.problem);
    if (!stored) {
        log(LogLevel::warning,
            "certificate.not_renewed",
            {{"why", stored.error().text()},
             {"ends", format_rfc3339(options.credentials->not_after())}});
        return;
    }
    // The collector counts the new certificate from its first connection on.
    perform(client.call_anew(clock.mono(), "a new certificate"));
}

/// The next Hello says that they are kept: then the one before them may go.
void Uplink::Impl::on_authorities(const std::string& pem) {
    if (options.credentials == nullptr) {
        return;
    }
    const Result<bool> is_news = options.credentials->trust(pem);
    if (!is_news) {
        log(LogLevel::error, "authorities.not_kept", {{"why", is_news.error().text()}});
    } else if (*is_news) {
        log(LogLevel::notice, "authorities.changed", {{"sha256", to_hex(sha256(pem))}});
        client.trusts(sha256(pem));
        perform(client.call_anew(clock.mono(), "other authorities"));
    }
}

/// The collector refuses a certificate that has ended; its key is still good for another one.
void Uplink::Impl::recover_if_due() {
    if (recovering || stopped || !options.recover) {
        return;
    }
    if (auto request = options.credentials->recovery_due(clock.wall())) {
        recovering = true;
        tasks.start("uplink.recover", recover(shared_from_this(), std::move(*request)));
    }
}

Task<void> Uplink::Impl::recover(std::shared_ptr<Impl> self, std::string request_pem) {
    Task<Result<std::string>> asking = self->options.recover(
        self->options.collector.host, self->options.credentials->in_use(), std::move(request_pem)
    );
    const Result<std::string> certificate = co_await std::move(asking);
    self->recovering = false;
    if (self->stopped) {
        co_return;
    }
    const Status stored =
        certificate ? self->options.credentials->recovered(*certificate, self->clock.wall())
                    : failure(certificate.error());
    if (!stored) {
        log(LogLevel::warning, "certificate.not_recovered", {{"why", stored.error().text()}});
        if (stored.error().what().ends_with(wire::revoked_reason)) {
            self->tell_revoked();
        }
        co_return;
    }
    log(LogLevel::notice,
        "certificate.recovered",
        {{"until", format_rfc3339(self->options.credentials->not_after())}});
    self->perform(self->client.call_anew(self->clock.mono(), "a new certificate"));
}

void Uplink::Impl::count() {
    if (events.counters) {
        events.counters(client.counters());
    }
}

Task<Result<Uplink::Impl::Called>> Uplink::Impl::dial() {
    const Endpoint collector = options.collector;  // another may be configured meanwhile
    std::vector<std::string> addresses{collector.host};
    if (options.resolve) {
        auto found = co_await options.resolve(collector.host, Deadline::in(options.connect_within));
        addresses = addresses_known.to_call(found.value_or(std::vector<std::string>{}));
        if (!found && addresses.empty()) {
            co_return failure(found.error(), "the collector's name");
        }
    }
    Error last(ErrorKind::not_found, "the collector's name has no address", collector.host);
    for (const std::string& address : addresses) {
        auto made = co_await wire::connect_link(
            loop,
            address,
            collector.port,
            collector.host,
            options.credentials != nullptr ? options.credentials->in_use() : options.identity,
            Deadline::in(options.connect_within),
            path.to_use()
        );
        if (made) {
            if (address != addresses.front()) {
                log(LogLevel::notice,
                    "link.other_address",
                    {{"address", address}, {"instead_of", addresses.front()}, {"why", last.text()}}
                );
            }
            co_return Called{std::move(*made), address};
        }
        last = made.error();
    }
    co_return failure(last);
}

Task<void> Uplink::Impl::serve(std::shared_ptr<Impl> self, std::uint64_t generation) {
    auto made = co_await self->dial();
    if (generation != self->generation || self->stopped) {
        co_return;
    }
    if (!made) {
        self->connection_ended(made.error());
        co_return;
    }
    self->addresses_known.worked(made->address);
    // Shared with the uplink, which may let go of it while we wait in receive().
    const std::shared_ptr<wire::Connection> connection = std::move(made->connection);
    connection->allow_large_frames();  // the collector has proved who it is
    self->connection = connection;
    self->connected_at = self->clock.mono();
    self->count();
    self->perform(self->client.on_connected(self->clock.mono(), self->clock.wall()));
    while (generation == self->generation) {
        auto frame = co_await connection->receive(Deadline::in(longest_receive));
        if (generation != self->generation || self->stopped) {
            break;
        }
        if (!frame && frame.error().kind() == ErrorKind::timeout) {
            continue;
        }
        if (!frame) {
            self->connection_ended(frame.error());
            break;
        }
        self->perform(
            self->client.on_frame(self->clock.mono(), self->clock.wall(), std::move(*frame))
        );
    }
}

Uplink::Uplink(
    asio::io_context& loop,
    const Clock& clock,
    Random& random,
    UplinkOptions options,
    wire::AgentFacts facts,
    std::vector<wire::SpoolPosition> positions,
    UplinkEvents events
)
    : impl_(std::make_shared<Impl>(
          loop,
          clock,
          random,
          std::move(options),
          std::move(facts),
          std::move(positions),
          std::move(events)
      )) {}

Uplink::~Uplink() {
    impl_->stopped = true;
    ++impl_->generation;
    impl_->timer.cancel();
    if (impl_->connection) {
        impl_->connection->close();
        impl_->connection.reset();
    }
    impl_->tasks.stop();
}

void Uplink::start() {
    impl_->perform(impl_->client.on_time(impl_->clock.mono(), impl_->clock.wall()));
}

void Uplink::on_spools(const std::vector<wire::SpoolPosition>& positions) {
    impl_->perform(impl_->client.on_spools(impl_->clock.mono(), positions));
}

void Uplink::finished(std::vector<wire::FinishedStream> streams) {
    impl_->client.finished(std::move(streams));
}

void Uplink::on_records(SpoolId spool, std::vector<wire::SequencedRecord> records) {
    impl_->perform(impl_->client.on_records(impl_->clock.mono(), spool, std::move(records)));
}

void Uplink::applied(std::uint32_t epoch, std::vector<std::string> problems) {
    impl_->perform(impl_->client.on_applied(epoch, std::move(problems)));
}

void Uplink::reconfigure(
    Endpoint collector, Duration backoff_least, Duration backoff_most, std::string config_hash
) {
    impl_->client.reconfigure(backoff_least, backoff_most, std::move(config_hash));
    if (collector != impl_->options.collector && !impl_->stopped) {
        impl_->options.collector = std::move(collector);
        impl_->addresses_known.forget();
        impl_->path = {};
        impl_->perform(
            impl_->client.call_anew(impl_->clock.mono(), "another collector is configured")
        );
    }
}

bool Uplink::is_live() const {
    return impl_->client.is_live();
}

Task<void> Uplink::stop(std::string reason, Deadline deadline) {
    const auto impl = impl_;
    impl->draining = true;
    impl->count();
    impl->perform(impl->client.stop(std::move(reason)));
    impl->stopped = true;
    impl->arm();
    if (const auto connection = std::exchange(impl->connection, nullptr)) {
        auto flushed = co_await connection->flush(deadline);
        if (!flushed) {
            log(LogLevel::info, "link.goodbye_not_sent", {{"why", flushed.error().text()}});
        }
        connection->close();
    }
    impl->tasks.stop();
}

}  // namespace muster::agent
