// Owns: the collector's listener with real TLS and a real journal on loopback, without the folds. Everything runs in one thread.
#pragma once

#include "collector/enrolment/certificate_authority.hpp"
#include "collector/intake/link_adapter.hpp"
#include "tests/collector/journal_entries.hpp"
#include "tests/support/temp_dir.hpp"
#include "wire/frames.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace muster::collector::test {

using namespace std::chrono_literals;

/// What one agent saw, step by step.
struct Conversation {
    std::vector<wire::proto::Frame> received;
    std::optional<Error> ended;
};

class Listening : public ::testing::Test {
  protected:
    Listening() {
        auto authority =
            CertificateAuthority::open(files_, dir_ / "ca", {"localhost"}, clock_.wall());
        EXPECT_TRUE(authority) << authority.error().text();
        authority_.emplace(std::move(*authority));
        open();
    }

    ~Listening() override {
        if (adapter_) {
            stop();
        }
    }

    void open() {
        JournalWriterOptions options;
        options.journal.directory = dir_ / "journal";
        options.journal.durability = Durability::normal;
        auto writer = JournalWriter::open(options, clock_);
        ASSERT_TRUE(writer) << writer.error().text();
        auto cursors = writer->journal().cursors();
        journal_.emplace(
            std::move(*writer), clock_, loop_, std::vector<FoldFeed*>{}, [](const Error&) {}
        );
        auto listener = wire::LinkListener::open(loop_, "127.0.0.1:0", authority_->link_identity());
        ASSERT_TRUE(listener) << listener.error().text();
        LinkContext context{
            .loop = &loop_, .clock = &clock_, .journal = &*journal_, .may_connect = {}, .renew = {}
        };
        context.may_connect = [this](const wire::Peer& peer) {
            return std::ranges::find(known_, peer.agent) != known_.end()
                       ? Status{}
                       : Status{failure(ErrorKind::refused, "this agent has been revoked")};
        };
        context.renew = [](wire::Peer peer, std::string request_pem) -> Task<Result<std::string>> {
            co_return "for " + peer.agent.text() + ": " + request_pem;
        };
        adapter_.emplace(
            std::move(context),
            std::move(*listener),
            Intake(intake_options_, *cursors, files_, clock_.mono())
        );
        adapter_->start();
        for (const AgentId agent : known_) {
            IssuedAssignments issued;
            issued.agent = agent;
            issued.epoch = 1;
            issued.dense_count = dense_count_;
            issued.items = std::make_shared<AssignmentList>();
            adapter_->issued(std::move(issued));
        }
    }

    void stop() {
        run(adapter_->stop("the test is over"));
        journal_->stop();
        adapter_.reset();
        journal_.reset();
    }

    void run(Task<void> task) {
        bool is_done = false;
        asio::co_spawn(loop_, std::move(task), [&is_done](std::exception_ptr thrown) {
            EXPECT_FALSE(thrown);
            is_done = true;
        });
        const auto end = std::chrono::steady_clock::now() + 20s;
        while (!is_done && std::chrono::steady_clock::now() < end) {
            loop_.restart();
            loop_.run_one_for(100ms);
        }
        EXPECT_TRUE(is_done);
    }

    wire::TlsIdentity identity(AgentId agent) {
        const auto request = wire::make_request("agent");
        const auto issued = wire::issue_agent(
            authority_->authority(), request->request_pem, agent, clock_.wall(), 1h
        );
        return {
            .certificate_chain_pem = issued->certificate_pem,
            .private_key_pem = request->key_pem,
            .ca_pem = authority_->ca_pem()
        };
    }

    wire::proto::Frame hello() const {
        wire::proto::Frame frame;
        frame.mutable_hello()->set_protocol(1);
        frame.mutable_hello()->set_instance_nonce(std::string(16, 'n'));
        frame.mutable_hello()->set_boot_id(std::string(16, 'b'));
        auto& stream = *frame.mutable_hello()->add_streams();
        stream.set_spool_id(std::string(spool_.raw()));
        stream.set_next_seq(3);
        return frame;
    }

    wire::proto::Frame batch(std::uint64_t first, int count) const {
        wire::proto::Frame frame;
        frame.mutable_batch()->set_spool_id(std::string(spool_.raw()));
        frame.mutable_batch()->set_first_seq(first);
        for (int i = 0; i < count; ++i) {
            *frame.mutable_batch()->add_records() = wire::to_proto(some_record(10));
        }
        return frame;
    }

    /// Sends `frames` and receives until `wanted` has come or the connection ends.
    Task<void> talk(
        AgentId agent,
        std::vector<wire::proto::Frame> frames,
        wire::proto::Frame::BodyCase wanted,
        Conversation& seen
    ) {
        auto connection = co_await wire::connect_link(
            loop_, "127.0.0.1", adapter_->port(), "localhost", identity(agent), Deadline::in(5s)
        );
        if (!connection) {
            seen.ended = connection.error();
            co_return;
        }
        (*connection)->allow_large_frames();
        for (const auto& frame : frames) {
            EXPECT_TRUE((*connection)->send(frame));
        }
        while (true) {
            auto frame = co_await (*connection)->receive(Deadline::in(5s));
            if (!frame) {
                seen.ended = frame.error();
                co_return;
            }
            seen.received.push_back(*frame);
            if (frame->body_case() == wanted) {
                co_return;
            }
        }
    }

    muster::test::TempDir dir_;
    RealFiles files_;
    SystemClock clock_;
    AgentId agent_ = agent_named("a");
    SpoolId spool_ = spool_named("s");
    std::vector<AgentId> known_{agent_};  // to the collector; before open()
    std::uint32_t dense_count_ = 10;
    IntakeOptions intake_options_;
    asio::io_context loop_;
    std::optional<CertificateAuthority> authority_;
    std::optional<JournalThread> journal_;
    std::optional<LinkAdapter> adapter_;
};

}  // namespace muster::collector::test
