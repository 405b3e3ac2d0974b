#include "tests/sim/sim_agent.hpp"

#include "base/expect.hpp"

#include <algorithm>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

const std::string boot_id(16, 'b');

}  // namespace

SimAgent::SimAgent(EventQueue& events, Random& random, Script script)
    : events_(events),
      random_(random),
      script_(std::move(script)),
      batcher_(agent::BatcherOptions{}, boot_id),
      spools_(agent::SpoolSet::open(
          files_, "/spool", random_, agent::SpoolOptions{}, events_.now(), events_.wall()
      )) {
    wire::AgentFacts facts;
    facts.boot_id = boot_id;
    facts.instance_nonce = std::string(Uuid::random(random_).raw());
    facts.version = "simulated";
    facts.hostname = "simulated";
    link_.emplace(wire::LinkClientOptions{}, facts, spools_.positions(), random_, events_.now());
}

void SimAgent::step() {
    for (const agent::Run& due : scheduler_.take_due(events_.now())) {
        run(due);
    }
    while (auto record = batcher_.take(events_.now())) {
        expect(spools_.append(std::move(*record)).has_value(), "the spool takes the record");
    }
    if (spools_.unsynced_bytes() > 0) {
        expect(spools_.sync().has_value(), "memory syncs");
        perform(link_->on_spools(events_.now(), spools_.positions()));
    }
    if (link_->next_wake() <= events_.now()) {
        spools_.trim(events_.now(), events_.wall());
        perform(link_->on_spools(events_.now(), spools_.positions()));
        perform(link_->on_time(events_.now(), events_.wall()));
    }
}

MonoTime SimAgent::next_wake() const {
    return std::min({scheduler_.next_due(), batcher_.next_due(), link_->next_wake()});
}

void SimAgent::run(const agent::Run& run) {
    const WallTime wall = events_.wall();
    const MonoTime mono = events_.now();
    const Device device = script_(*run.probe, wall);
    const Duration took = device == Device::answers
                              ? 1ms + std::chrono::microseconds(random_.below(5'000))
                              : run.probe->timeout;
    const probes::Outcome outcome = scripted_outcome(*run.probe, device, took);
    events_.after(took, [this, number = run.number, wall, mono, outcome] {
        if (const std::optional<std::uint32_t> dense = scheduler_.finished(number)) {
            batcher_.add(*dense, wall, mono, outcome);
        }
    });
}

void SimAgent::apply(wire::link_action::Apply apply) {
    agent::AssignmentTable table = agent::read_assignments(apply.epoch, std::move(apply.items));
    batcher_.assign(table.epoch, table.ids);
    scheduler_.assign(table.epoch, std::move(table.probes), events_.now());
    perform(link_->on_applied(table.epoch, std::move(table.problems)));
}

void SimAgent::perform(wire::LinkClient::Actions actions) {
    for (wire::LinkAction& action : actions) {
        perform_one(action);
    }
}

void SimAgent::perform_one(wire::LinkAction& action) {
    if (std::holds_alternative<wire::link_action::Connect>(action)) {
        network_->connect();
    } else if (auto* send = std::get_if<wire::link_action::Send>(&action)) {
        network_->send_to_collector(std::move(send->frame));
    } else if (auto* fetch = std::get_if<wire::link_action::Fetch>(&action)) {
        agent::Spool* spool = spools_.find(fetch->spool);
        expect(spool != nullptr, "what is fetched is there");
        auto records = spool->read(fetch->from_seq, fetch->bytes);
        expect(records.has_value(), "memory reads");
        if (!records->empty()) {
            spool->sent(records->back().last_seq());
        }
        perform(link_->on_records(events_.now(), fetch->spool, std::move(*records)));
    } else if (auto* acked = std::get_if<wire::link_action::Acked>(&action)) {
        spools_.find(acked->spool)->ack(acked->seq, acked->fingerprint);
        perform(link_->on_spools(events_.now(), spools_.positions()));
    } else if (std::holds_alternative<wire::link_action::Renew>(action)) {
        spools_.renew();
        perform(link_->on_spools(events_.now(), spools_.positions()));
    } else if (auto* assignments = std::get_if<wire::link_action::Apply>(&action)) {
        apply(std::move(*assignments));
    } else if (std::holds_alternative<wire::link_action::Close>(action)) {
        network_->close_by_agent();
    }
}

}  // namespace muster::test
