#include "collector/intake/link_adapter.hpp"

#include "base/log.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t unsent_bytes = 4U << 20U;  // beyond this, frames wait outside the connection
constexpr std::size_t most_queued = 1000;        // frames; an agent's are not read beyond
constexpr std::size_t most_queued_bytes = 64U
                                          << 20U;  // of all, beyond which nobody is assigned more
constexpr Duration write_patience = std::chrono::seconds(30);  // for a part of it
constexpr Duration assign_patience = std::chrono::seconds(1);
constexpr Duration farewell = std::chrono::seconds(2);
constexpr Duration full_pause = std::chrono::milliseconds(5);
constexpr Duration accept_pause = std::chrono::milliseconds(100);
constexpr std::size_t hash_bytes = 32;  // of the authorities that an agent trusts
constexpr Duration longest_wait = std::chrono::hours(1);

/// One connection with what waits to be sent on it.
struct Line {
    explicit Line(std::unique_ptr<wire::Connection> accepted) : connection(std::move(accepted)) {}

    std::unique_ptr<wire::Connection> connection;
    std::deque<wire::proto::Frame> queue;
    std::size_t queued_bytes = 0;
    bool is_sending = false;
    bool is_over = false;
    bool is_renewing = false;
};

}  // namespace

struct LinkAdapter::Impl : std::enable_shared_from_this<LinkAdapter::Impl> {
    Impl(LinkContext outside, wire::LinkListener listens, Intake decides)
        : context(std::move(outside)),
          listener(std::move(listens)),
          intake(std::move(decides)),
          wake(*context.loop),
          tasks(*context.loop) {}

    LinkContext context;
    wire::LinkListener listener;
    Intake intake;
    asio::steady_timer wake;
    MonoTime armed = MonoTime::max();
    std::unordered_map<SessionId, std::shared_ptr<Line>>
        lines;  // shared with the coroutines of the line
    std::deque<SessionId> to_assign;
    bool is_assigning = false;
    bool is_stopping = false;
    std::uint64_t broken_frames = 0;  // that ended links
    std::size_t read_ahead = 0;       // of each line
    std::size_t queued_bytes = 0;     // of frames outside the connections
    TaskGroup tasks;

    Task<void> accept_all();
    Task<void> serve(std::unique_ptr<wire::Connection> connection);
    Task<void> receive_all(SessionId session, std::shared_ptr<Line> line);
    Task<void> send_all(std::shared_ptr<Line> line);
    Task<void> assign_all();
    Task<void> renew(SessionId session, std::shared_ptr<Line> line, std::string request_pem);
    Task<void> keep_time();
    Duration wait_of(SessionId session, const Line& line);
    void perform(Intake::Actions actions);
    void send(const std::shared_ptr<Line>& line, wire::proto::Frame frame);
    void close(SessionId session);
    void share_read_ahead();
    void pump();
    void arm();
    void append(Staging::Group group);
};

LinkAdapter::LinkAdapter(LinkContext context, wire::LinkListener listener, Intake intake)
    : impl_(std::make_shared<Impl>(std::move(context), std::move(listener), std::move(intake))) {}

LinkAdapter::~LinkAdapter() {
    impl_->tasks.stop();
}

void LinkAdapter::start() {
    impl_->tasks.start("link.accept", impl_->accept_all());
    impl_->tasks.start("link.time", impl_->keep_time());
}

std::uint16_t LinkAdapter::port() const {
    return impl_->listener.port();
}

std::size_t LinkAdapter::sessions() const {
    return impl_->intake.sessions();
}

IntakeCounts LinkAdapter::counts() const {
    IntakeCounts counts = impl_->intake.counts();
    counts.violations += impl_->broken_frames;
    return counts;
}

std::vector<AgentFigures> LinkAdapter::agents_said() const {
    return impl_->intake.agents_said();
}

void LinkAdapter::issued(IssuedAssignments assignments) {
    impl_->perform(impl_->intake.on_issued(std::move(assignments)));
}

void LinkAdapter::reread_secrets() {
    impl_->perform(impl_->intake.reread_secrets());
}

void LinkAdapter::revoke(AgentId agent) {
    impl_->perform(impl_->intake.revoke(agent));
}

Status LinkAdapter::use(const wire::TlsIdentity& identity) {
    return impl_->listener.use(identity);
}

void LinkAdapter::set_credit(std::uint64_t bytes) {
    impl_->intake.set_credit(bytes);
}

Task<void> LinkAdapter::stop(std::string reason) {
    const auto impl = impl_;
    impl->is_stopping = true;
    impl->listener.close();
    impl->perform(impl->intake.stop(reason));
    const Deadline deadline = Deadline::in(farewell);
    while (!impl->lines.empty() && deadline.left() > Duration::zero()) {
        co_await sleep_for(full_pause);
    }
    // Whatever is still staged: the disconnections, and records that had been received.
    while (auto group = impl->intake.take_group(MonoTime::max())) {
        impl->append(std::move(*group));
    }
    impl->tasks.stop();
    co_await impl->tasks.drained();
}

Task<void> LinkAdapter::Impl::accept_all() {
    while (!is_stopping) {
        auto accepted = co_await listener.accept();
        if (accepted) {
            tasks.start("link.serve", serve(std::move(*accepted)));
            continue;
        }
        if (accepted.error().kind() == ErrorKind::closed) {
            co_return;
        }
        log(LogLevel::warning, "link.accept_failed", {{"why", accepted.error().text()}});
        co_await sleep_for(accept_pause);
    }
}

Task<void> LinkAdapter::Impl::serve(std::unique_ptr<wire::Connection> connection) {
    const auto line = std::make_shared<Line>(std::move(connection));
    const wire::Peer& peer = line->connection->peer();
    if (const auto welcome = context.may_connect(peer); !welcome) {
        log(LogLevel::warning,
            "link.refused",
            {{"peer", peer.address}, {"agent", peer.agent.text()}, {"why", welcome.error().what()}}
        );
        wire::proto::Frame refusal;
        refusal.mutable_refusal()->set_reason(welcome.error().what());
        send(line, std::move(refusal));
        co_return;
    }
    auto [session, actions] = intake.open_session(peer.agent, peer.address, context.clock->mono());
    lines.emplace(session, line);
    line->connection->read_ahead(intake.read_ahead());
    perform(std::move(actions));
    co_await receive_all(session, line);
}

Task<void> LinkAdapter::Impl::receive_all(SessionId session, std::shared_ptr<Line> line) {
    bool is_greeted = false;
    while (!line->is_over) {
        auto frame = co_await line->connection->receive(Deadline::in(longest_wait));
        if (line->is_over) {
            break;
        }
        if (!frame) {
            if (frame.error().kind() != ErrorKind::timeout) {
                broken_frames += frame.error().kind() == ErrorKind::corrupt ? 1 : 0;
                perform(intake.on_closed(session, frame.error().text()));
                close(session);
            }
            continue;
        }
        const bool says = frame->has_hello() && frame->hello().authorities().size() <= hash_bytes;
        if (says && context.trusts) {
            context.trusts(line->connection->peer().agent, frame->hello().authorities());
        }
        const WallTime wall = context.clock->wall();
        perform(intake.on_frame(session, context.clock->mono(), wall, std::move(*frame)));
        if (!is_greeted) {
            is_greeted = true;
            line->connection->allow_large_frames();
        }
        // Who does not read its answers is not listened to either.
        for (Duration hold = wait_of(session, *line); hold > Duration::zero();
             hold = wait_of(session, *line)) {
            co_await sleep_for(hold);
        }
    }
    // Destroying the connection now would cut off what is still in the queue.
    if (!line->is_sending) {
        line->connection->close();
    }
}

Duration LinkAdapter::Impl::wait_of(SessionId session, const Line& line) {
    if (line.is_over) {
        return {};
    }
    const Duration queued = line.queue.size() > most_queued ? full_pause : Duration{};
    return std::max(queued, intake.hold_back(session, context.clock->mono()));
}

void LinkAdapter::Impl::perform(Intake::Actions actions) {
    for (IntakeAction& action : actions) {
        if (auto* sent = std::get_if<intake_action::Send>(&action)) {
            if (const auto found = lines.find(sent->session); found != lines.end()) {
                send(found->second, std::move(sent->frame));
            }
        } else if (const auto* ended = std::get_if<intake_action::Close>(&action)) {
            close(ended->session);
        } else if (auto* wanted = std::get_if<intake_action::Renew>(&action)) {
            const auto found = lines.find(wanted->session);
            if (found != lines.end() && !found->second->is_renewing) {
                found->second->is_renewing = true;
                tasks.start(
                    "link.renew",
                    renew(wanted->session, found->second, std::move(wanted->request_pem))
                );
            }
        } else if (const auto* due = std::get_if<intake_action::Assign>(&action)) {
            to_assign.push_back(due->session);
            if (!is_assigning) {
                is_assigning = true;
                tasks.start("link.assign", assign_all());
            }
        }
    }
    pump();
}

void LinkAdapter::Impl::send(const std::shared_ptr<Line>& line, wire::proto::Frame frame) {
    if (!line->is_sending && line->connection->unsent() < unsent_bytes) {
        // A connection that cannot send tells so when it receives.
        static_cast<void>(line->connection->send(frame));
        return;
    }
    const std::size_t bytes = frame.ByteSizeLong();
    line->queued_bytes += bytes;
    queued_bytes += bytes;
    line->queue.push_back(std::move(frame));
    if (!line->is_sending) {
        line->is_sending = true;
        tasks.start("link.send", send_all(line));
    }
}

/// A frame that cannot be sent ends the connection: what comes after it would be understood wrongly. Slow is good enough.
Task<void> LinkAdapter::Impl::send_all(std::shared_ptr<Line> line) {
    Status good;
    while (good && !line->queue.empty()) {
        const std::size_t unsent = line->connection->unsent();
        if (unsent >= unsent_bytes) {
            good = co_await line->connection->flush(Deadline::in(write_patience));
            const bool is_late = !good && good.error().kind() == ErrorKind::timeout;
            good = is_late && line->connection->unsent() < unsent ? Status{} : std::move(good);
            continue;
        }
        const std::size_t bytes = line->queue.front().ByteSizeLong();
        good = line->connection->send(line->queue.front());
        line->queue.pop_front();
        line->queued_bytes -= bytes;
        queued_bytes -= bytes;
    }
    line->queue.clear();
    queued_bytes -= std::exchange(line->queued_bytes, 0);
    line->is_sending = false;
    if (line->is_over || !good) {
        line->connection->close();
    }
}

void LinkAdapter::Impl::close(SessionId session) {
    const auto found = lines.find(session);
    if (found == lines.end()) {
        return;
    }
    const std::shared_ptr<Line> line = found->second;
    lines.erase(found);
    line->is_over = true;
    if (!line->is_sending) {
        line->connection->close();
    }
}

/// One agent at a time, since the messages of a quarter of a million probes are large; but one that reads slowly holds up the others
/// for a moment only, as long as not too much waits.
Task<void> LinkAdapter::Impl::assign_all() {
    while (!to_assign.empty()) {
        const SessionId session = to_assign.front();
        to_assign.pop_front();
        const auto found = lines.find(session);
        if (found == lines.end()) {
            continue;
        }
        const std::shared_ptr<Line> line = found->second;
        for (wire::proto::Frame& frame : intake.assignments(session)) {
            send(line, std::move(frame));
        }
        const Deadline moment = Deadline::in(assign_patience);
        while (line->is_sending && !line->is_over &&
               (moment.left() > Duration::zero() || queued_bytes >= most_queued_bytes)) {
            co_await sleep_for(full_pause);
        }
    }
    is_assigning = false;
}

/// One at a time for a connection: an agent that asks again meanwhile gets one answer.
Task<void> LinkAdapter::Impl::renew(
    SessionId session, std::shared_ptr<Line> line, std::string request_pem
) {
    Task<Result<std::string>> making =
        context.renew(line->connection->peer(), std::move(request_pem));
    const Result<std::string> certificate = co_await std::move(making);
    line->is_renewing = false;
    perform(intake.certificate(session, certificate));
}

/// The more lines there are, the less each may bring before it is taken.
void LinkAdapter::Impl::share_read_ahead() {
    const std::size_t each = intake.read_ahead();
    if (std::exchange(read_ahead, each) != each) {
        for (const auto& [session, line] : lines) {
            line->connection->read_ahead(each);
        }
    }
}

/// Hands due groups to the journal and sees to it that somebody asks again in time.
void LinkAdapter::Impl::pump() {
    share_read_ahead();
    while (auto group = intake.take_group(context.clock->mono())) {
        append(std::move(*group));
    }
    arm();
}

void LinkAdapter::Impl::append(Staging::Group group) {
    const std::weak_ptr<Impl> self = weak_from_this();
    const std::uint64_t id = group.id;
    context.journal->append(std::move(group.pending), [self, id](Result<AppendAnswer> answer) {
        const auto impl = self.lock();
        if (!impl) {
            return;
        }
        auto rejected = answer.map([](AppendAnswer& one) { return std::move(one.rejected); });
        impl->perform(impl->intake.on_appended(id, rejected));
    });
}

void LinkAdapter::Impl::arm() {
    // Only when it must ring earlier; ringing too early costs nothing.
    if (intake.next_wake() < armed) {
        wake.cancel();
    }
}

Task<void> LinkAdapter::Impl::keep_time() {
    while (!is_stopping) {
        armed = intake.next_wake();
        const MonoTime now = context.clock->mono();
        if (armed > now) {
            wake.expires_after(std::min<Duration>(armed - std::max(now, MonoTime{}), longest_wait));
            boost::system::error_code ignored;
            co_await wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        armed = MonoTime::max();
        perform(intake.on_time(context.clock->mono()));
    }
}

}  // namespace muster::collector
