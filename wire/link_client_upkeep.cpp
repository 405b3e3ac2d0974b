// Owns: what a link exchanges beside records: Hello, heartbeats, assignments, certificates. Leaves to link_client.cpp: states and
// records.
#include "base/bytes.hpp"
#include "wire/frames.hpp"
#include "wire/link_client.hpp"
#include "wire/refusal.hpp"

#include <algorithm>
#include <utility>

namespace muster::wire {

namespace {

constexpr std::uint32_t protocol_version = 1;
constexpr std::size_t most_problems = 100;
constexpr std::size_t problem_bytes = 300;

link_action::Send sending(proto::Frame frame) {
    return link_action::Send{std::move(frame)};
}

}  // namespace

proto::Hello LinkClient::hello(MonoTime now, WallTime wall) const {
    proto::Hello hello;
    hello.set_protocol(protocol_version);
    hello.set_instance_nonce(facts_.instance_nonce);
    hello.set_boot_id(facts_.boot_id);
    hello.set_wall_ns(to_ns(wall));
    hello.set_mono_ns(to_ns(now));
    hello.set_config_hash(facts_.config_hash);
    hello.set_max_frame_bytes(max_frame_bytes);
    for (const OutStream& each : streams_) {
        const SpoolPosition& at = each.position();
        proto::StreamState& stream = *hello.add_streams();
        stream.set_spool_id(std::string(at.spool.raw()));
        stream.set_first_unacked(at.first_unacked);
        stream.set_next_seq(at.next_seq);
        stream.set_last_acked(at.first_unacked - 1);
        stream.set_begins_at(at.begins_at);
        stream.set_results_at_begin(at.results_at_begin);
    }
    hello.set_assignment_epoch(applied_epoch_);
    hello.set_version(printable(facts_.version, 64));
    hello.set_hostname(printable(facts_.hostname, 255));
    hello.set_authorities(facts_.authorities);
    for (const FinishedStream& each : finished_) {
        *hello.add_finished() = to_proto(each);
    }
    return hello;
}

void LinkClient::beat(MonoTime now, WallTime wall, Actions& out) {
    proto::Frame frame;
    proto::Heartbeat& heartbeat = *frame.mutable_heartbeat();
    heartbeat = counters_;
    heartbeat.set_wall_ns(to_ns(wall));
    heartbeat.set_mono_ns(to_ns(now));
    heartbeat.set_config_hash(facts_.config_hash);
    out.emplace_back(sending(std::move(frame)));
    next_heartbeat_ = now + heartbeat_;
}

LinkClient::Actions LinkClient::on_applied(std::uint32_t epoch, std::vector<std::string> problems) {
    applied_epoch_ = epoch;
    Actions out;
    if (state_ != State::live) {
        return out;
    }
    proto::Frame frame;
    proto::AssignmentsApplied& applied = *frame.mutable_assignments_applied();
    applied.set_epoch(epoch);
    problems.resize(std::min(problems.size(), most_problems));
    for (const std::string& problem : problems) {
        applied.add_problems(printable(problem, problem_bytes));
    }
    out.emplace_back(sending(std::move(frame)));
    return out;
}

void LinkClient::on_reply(MonoTime now, WallTime wall, const proto::HeartbeatReply& reply) {
    const Duration round_trip = now - mono_from_ns(reply.echoed_mono_ns());
    if (round_trip < Duration::zero() || round_trip > heard_within_) {
        return;  // not an echo of ours
    }
    clock_offset_ = wall_from_ns(reply.server_wall_ns()) - (wall - round_trip / 2);
}

void LinkClient::on_assignments(MonoTime now, proto::Assignments assignments, Actions& out) {
    Result<std::optional<proto::Assignments>> added = parts_.add(std::move(assignments));
    if (!added) {
        drop(now, added.error().what(), out);
        return;
    }
    std::optional<proto::Assignments>& whole = *added;
    if (!whole) {
        return;
    }
    link_action::Apply apply{whole->epoch(), {}};
    apply.items.reserve(static_cast<std::size_t>(whole->items_size()));
    for (proto::Assignment& item : *whole->mutable_items()) {
        apply.items.push_back(std::move(item));
    }
    out.emplace_back(std::move(apply));
}

void LinkClient::on_refusal(MonoTime now, const proto::Refusal& refusal, Actions& out) {
    out.emplace_back(link_action::Close{
        .why = "the collector refuses: " + printable(refusal.reason()), .is_refusal = true
    });
    wait_again(now);
    if (refusal.reason() == revoked_reason) {
        // Nothing it can do changes that: it calls as seldom as it may.
        next_try_ = now + options_.backoff_most;
    }
}

LinkClient::Actions LinkClient::request_certificate(std::string request_pem) {
    Actions out;
    if (state_ == State::live) {
        proto::Frame frame;
        frame.mutable_certificate_request()->set_request_pem(std::move(request_pem));
        out.emplace_back(sending(std::move(frame)));
    }
    return out;
}

}  // namespace muster::wire
