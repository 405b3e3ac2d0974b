#include "tests/agent/small_collector.hpp"

#include "base/expect.hpp"

#include <utility>

namespace muster::agent {

using namespace std::chrono_literals;

struct SmallCollector::Session {
    std::unique_ptr<wire::Connection> connection;
    wire::LinkServer server;
};

SmallCollector::SmallCollector(asio::io_context& loop) : loop_(loop) {
    authority_ = wire::make_authority("test", clock_.wall()).value();
    auto server =
        wire::issue_server(authority_, {"localhost", "127.0.0.1"}, clock_.wall(), 1h).value();
    identity_ = {server.certificate_pem, server.key_pem, authority_.certificate_pem};
}

wire::TlsIdentity SmallCollector::agent_identity() const {
    const auto own = wire::make_request("agent").value();
    auto issued = wire::issue_agent(authority_, own.request_pem, agent_, clock_.wall(), 1h).value();
    return {issued.certificate_pem, own.key_pem, authority_.certificate_pem};
}

void SmallCollector::open() {
    auto listener =
        wire::LinkListener::open(loop_, "127.0.0.1:" + std::to_string(port_), identity_);
    expect(listener.has_value(), listener ? "" : listener.error().text());
    listener_ = std::make_unique<wire::LinkListener>(std::move(*listener));
    port_ = listener_->port();
    tasks_ = std::make_unique<TaskGroup>(loop_);
    tasks_->start("accept", accept_all(this));
}

void SmallCollector::close() {
    listener_->close();
    tasks_.reset();
    listener_.reset();
}

Task<void> SmallCollector::accept_all(SmallCollector* self) {
    for (;;) {
        auto connection = co_await self->listener_->accept();
        if (!connection) {
            co_return;
        }
        ++self->connections;
        wire::LinkServerOptions options;
        options.heartbeat = self->heartbeat;
        auto session = std::make_shared<Session>(
            std::move(*connection), wire::LinkServer(options, self->clock_.mono())
        );
        self->tasks_->start("session", serve(self, std::move(session)));
    }
}

Task<void> SmallCollector::serve(SmallCollector* self, std::shared_ptr<Session> session) {
    session->connection->allow_large_frames();
    for (;;) {
        auto frame = co_await session->connection->receive(Deadline::in(30s));
        if (!frame) {
            co_return;
        }
        auto actions =
            session->server.on_frame(self->clock_.mono(), self->clock_.wall(), std::move(*frame));
        if (!self->perform(*session, std::move(actions))) {
            session->connection->close();
            co_return;
        }
    }
}

bool SmallCollector::perform(Session& session, wire::LinkServer::Actions actions) {
    namespace done = wire::server_action;
    for (wire::ServerAction& action : actions) {
        bool alive = true;
        if (auto* send = std::get_if<done::Send>(&action)) {
            alive = session.connection->send(send->frame).has_value();
        } else if (auto* greeted = std::get_if<done::Greeted>(&action)) {
            std::vector<wire::StreamCursor> cursors;
            for (const auto& stream : greeted->hello.streams()) {
                const SpoolId spool(*Uuid::from_bytes(stream.spool_id()));
                first_spool_ = first_spool_.value_or(spool);
                cursors.push_back({spool, committed_seqs_[spool]});
            }
            alive = perform(session, session.server.welcome(clock_.wall(), cursors, 1));
            if (alive && !assignments.empty()) {
                alive = perform(session, session.server.assign(1, assignments));
            }
        } else if (auto* append = std::get_if<done::Append>(&action)) {
            alive = commit(session, std::move(*append));
        } else if (auto* heard = std::get_if<done::Heard>(&action)) {
            heartbeats.push_back(heard->heartbeat);
        } else if (auto* taken = std::get_if<done::Applied>(&action)) {
            applied.push_back(taken->epoch);
        } else if (auto* closed = std::get_if<done::Close>(&action)) {
            goodbyes += closed->orderly ? 1 : 0;
            alive = false;
        }
        if (!alive) {
            return false;
        }
    }
    return true;
}

bool SmallCollector::commit(Session& session, wire::server_action::Append append) {
    if (dies()) {
        return false;
    }
    std::uint64_t seq = append.first_seq;
    std::uint64_t& committed_seq = committed_seqs_[append.spool];
    expect(seq == committed_seq + 1, "batches come in sequence");
    for (wire::Record& record : append.records) {
        results += record.count;
        if (keep_payloads) {
            in_order.push_back(record.payload);
        }
        if (keep_payloads && append.spool == first_spool_ &&
            !committed.emplace(seq, std::move(record)).second) {
            ++duplicates;
        }
        committed_seq = seq++;
    }
    if (dies_after()) {
        return false;
    }
    return perform(
        session, session.server.committed({.spool = append.spool, .committed_seq = committed_seq})
    );
}

}  // namespace muster::agent
