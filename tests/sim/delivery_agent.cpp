#include "tests/sim/delivery_agent.hpp"

#include "agent/assignments_file.hpp"
#include "base/expect.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

const std::string spool_dir = "/state/spool";
const std::string assignments_file = "/state/assignments";

}  // namespace

DeliveryAgent::Life::Life(DeliveryAgent& owner, agent::SpoolSet spools, wire::AgentFacts facts)
    : batcher(agent::BatcherOptions{}, owner.boot_),
      upkeep(std::move(spools), owner.options_.upkeep, owner.clock_.mono()),
      link(
          owner.options_.link,
          std::move(facts),
          upkeep.spools().positions(),
          owner.random_,
          owner.clock_.mono()
      ) {}

DeliveryAgent::DeliveryAgent(
    std::size_t number,
    EventQueue& events,
    const Clock& world,
    std::uint64_t seed,
    Trace& trace,
    DeliveryAgentOptions options,
    DeviceScript script
)
    : number_(number),
      events_(events),
      clock_(world),
      random_(seed),
      trace_(trace),
      options_(options),
      script_(std::move(script)),
      id_(Uuid::named("simulated agent " + std::to_string(number))) {
    expect(disk_.create_directories("/state").has_value(), "a new disk takes a folder");
    boot_ = new_boot();
}

std::string DeliveryAgent::new_boot() {
    clock_.mono_offset =
        -events_.now().time_since_epoch() + std::chrono::milliseconds(5000 + random_.below(60'000));
    return std::string(Uuid::random(random_).raw());
}

void DeliveryAgent::start() {
    ++lives_;
    wire::AgentFacts facts;
    facts.boot_id = boot_;
    facts.instance_nonce = std::string(Uuid::random(random_).raw());
    facts.version = "simulated";
    facts.hostname = "simulated";
    const std::vector<std::string> found = contents();
    auto spools = agent::SpoolSet::open(
        disk_, spool_dir, random_, options_.spool, clock_.mono(), clock_.wall()
    );
    life_ = std::make_unique<Life>(*this, std::move(spools), std::move(facts));
    if (std::exchange(has_lived_, true)) {
        book_.reopened(stands(), excuses);
        for (const SpoolStand& spool : stands()) {
            trace_.add(
                events_.now(),
                "agent {} finds {} records and {} results. {}",
                number_,
                spool.next_seq - 1,
                spool.results,
                book_.problem()
            );
        }
    } else {
        book_.stands(stands());
    }
    life_->told = life_->upkeep.spools().positions();
    tell_finished();
    trace_.add(events_.now(), "agent {} starts; on its disk: {}", number_, fmt::join(found, ", "));
    // Nothing here has a secret.
    auto last = agent::load_assignments(disk_, assignments_file, Secret());
    if (last && last->epoch != 0) {
        take_up(std::move(*last));
    }
}

/// Segments and their sizes, for the trace.
std::vector<std::string> DeliveryAgent::contents() {
    std::vector<std::string> all;
    const auto folders = disk_.list(spool_dir).value_or(std::vector<std::string>{});
    for (const std::string& folder : folders) {
        const std::string dir = spool_dir + "/" + folder;
        for (const std::string& name : disk_.list(dir).value_or(std::vector<std::string>{})) {
            const auto file = disk_.open(dir + "/" + name, OpenMode::read);
            all.push_back(fmt::format(
                "{}/{} of {} bytes",
                folder.substr(0, 6),
                name,
                file ? (*file)->size().value_or(0) : 0
            ));
        }
    }
    return all;
}

void DeliveryAgent::kill() {
    trace_.add(events_.now(), "agent {} is killed", number_);
    life_.reset();
    ++lives_;
    disk_.kill();
}

void DeliveryAgent::cut_power() {
    trace_.add(events_.now(), "agent {} loses its power", number_);
    life_.reset();
    ++lives_;
    disk_.cut(random_);
    excuses.may_miscount = excuses.may_miscount || was_set_back_;
    boot_ = new_boot();
}

void DeliveryAgent::take_image() {
    trace_.add(events_.now(), "an image of agent {} is taken", number_);
    image_.emplace(disk_.image(), book_.image(), boot_, clock_.mono());
}

bool DeliveryAgent::set_back() {
    if (!image_) {
        return false;
    }
    trace_.add(events_.now(), "agent {} is set back to its image", number_);
    life_.reset();
    ++lives_;
    was_set_back_ = true;
    const auto fails = disk_.fails;
    disk_ = image_->disk.image();
    disk_.fails = fails;
    book_.set_back(image_->book);
    if (random_.below(2) == 0) {
        // Memory and all: its monotonic clock goes on from there.
        boot_ = image_->boot;
        clock_.mono_offset = image_->mono - events_.now();
    } else {
        boot_ = new_boot();
    }
    return true;
}

void DeliveryAgent::stop_probing() {
    is_probing_ = false;
}

MonoTime DeliveryAgent::next_wake() const {
    if (!life_) {
        return MonoTime::max();
    }
    const MonoTime probing = is_probing_ ? life_->scheduler.next_due() : MonoTime::max();
    const MonoTime own = std::min(
        {probing, life_->batcher.next_due(), life_->upkeep.next_wake(), life_->link.next_wake()}
    );
    return std::max(own, clock_.mono()) - clock_.mono_offset;
}

void DeliveryAgent::step() {
    if (!life_) {
        return;
    }
    const MonoTime now = clock_.mono();
    if (is_probing_) {
        for (const agent::Run& due : life_->scheduler.take_due(now)) {
            run(due);
        }
    }
    while (auto record = life_->batcher.take(now)) {
        append(std::move(*record));
    }
    life_->upkeep.settle(now);
    life_->upkeep.maintain(now, clock_.wall());
    tell();
    if (life_->link.next_wake() <= now) {
        perform(life_->link.on_time(now, clock_.wall()));
    }
}

void DeliveryAgent::append(wire::Record record) {
    const wire::Record copy = record;
    agent::SpoolSet& spools = life_->upkeep.spools();
    const std::uint64_t refused = spools.counters().refused_records;
    life_->upkeep.append(std::move(record));
    if (spools.counters().refused_records != refused) {
        trace_.add(events_.now(), "agent {}: a record is refused", number_);
        book_.refused(copy.count);
        return;
    }
    const wire::SpoolPosition position = spools.positions().front();
    const auto results = spools.find(position.spool)->results_before(position.next_seq);
    expect(results.has_value(), "the spool knows how many results it holds");
    book_.made(position.spool, position.next_seq - 1, *results - copy.count, copy);
}

void DeliveryAgent::run(const agent::Run& run) {
    const WallTime wall = clock_.wall();
    const MonoTime mono = clock_.mono();
    const Device device = script_(*run.probe, events_.now());
    const Duration took = device == Device::answers
                              ? 1ms + std::chrono::microseconds(random_.below(5'000))
                              : run.probe->timeout;
    const probes::Outcome outcome = scripted_outcome(*run.probe, device, took);
    events_.after(took, [this, life = lives_, number = run.number, wall, mono, outcome] {
        if (life != lives_) {
            return;
        }
        if (const std::optional<std::uint32_t> dense = life_->scheduler.finished(number)) {
            life_->batcher.add(*dense, wall, mono, outcome);
        }
    });
}

std::vector<SpoolStand> DeliveryAgent::stands() {
    std::vector<SpoolStand> all;
    agent::SpoolSet& spools = life_->upkeep.spools();
    for (const wire::SpoolPosition& position : spools.positions()) {
        const agent::Spool* spool = spools.find(position.spool);
        all.push_back(
            {.name = position.spool,
             .begins_at = position.begins_at,
             .results_at_begin = position.results_at_begin,
             .next_seq = position.next_seq,
             .results = spool->results_before(position.next_seq).value_or(0),
             .is_synced = spool->unsynced_bytes() == 0 && !spool->is_in_memory()}
        );
    }
    return all;
}

void DeliveryAgent::tell_finished() {
    if (!options_.hides_finished) {
        life_->link.finished(life_->upkeep.spools().finished());
    }
}

void DeliveryAgent::tell() {
    std::vector<wire::SpoolPosition> positions = life_->upkeep.spools().positions();
    if (positions == life_->told) {
        return;
    }
    life_->told = std::move(positions);
    book_.stands(stands());
    tell_finished();
    perform(life_->link.on_spools(clock_.mono(), life_->told));
}

/// One after the other, in order, as agent/uplink.cpp does.
void DeliveryAgent::perform(wire::LinkClient::Actions actions) {
    std::ranges::move(actions, std::back_inserter(life_->actions));
    if (std::exchange(life_->is_performing, true)) {
        return;
    }
    while (!life_->actions.empty()) {
        wire::LinkAction action = std::move(life_->actions.front());
        life_->actions.pop_front();
        act(std::move(action));
    }
    life_->is_performing = false;
}

void DeliveryAgent::act(wire::LinkAction action) {
    namespace todo = wire::link_action;
    if (std::holds_alternative<todo::Connect>(action)) {
        life_->connection = network_->connect(number_);
    } else if (auto* send = std::get_if<todo::Send>(&action)) {
        network_->send(life_->connection, Way::up, std::move(send->frame));
    } else if (const auto* wanted = std::get_if<todo::Fetch>(&action)) {
        fetch(*wanted);
    } else if (const auto* acked = std::get_if<todo::Acked>(&action)) {
        trace_.add(events_.now(), "agent {}: {} is confirmed", number_, acked->seq);
        if (agent::Spool* spool = life_->upkeep.spools().find(acked->spool)) {
            spool->ack(acked->seq, acked->fingerprint);
        }
        tell();
    } else if (const auto* rewound = std::get_if<todo::Rewound>(&action)) {
        trace_.add(events_.now(), "agent {}: back to {}", number_, rewound->seq);
        if (agent::Spool* spool = life_->upkeep.spools().find(rewound->spool)) {
            spool->rewind(rewound->seq);
        }
        tell();
    } else if (const auto* rekeyed = std::get_if<todo::Rekey>(&action)) {
        rekey(*rekeyed);
    } else if (std::holds_alternative<todo::Renew>(action)) {
        trace_.add(events_.now(), "agent {}: a new spool", number_);
        renewals_ += life_->upkeep.spools().renew() ? 1 : 0;
        tell();
    } else if (auto* assignments = std::get_if<todo::Apply>(&action)) {
        apply(std::move(*assignments));
    } else if (const auto* closing = std::get_if<todo::Close>(&action)) {
        trace_.add(events_.now(), "agent {} closes: {}", number_, closing->why);
        if (const Connection connection = std::exchange(life_->connection, 0); connection != 0) {
            network_->close_by_agent(connection);
        }
    }
}

/// The spool's thread answers a little later, with what there is then, in the order in which it was asked.
void DeliveryAgent::fetch(const wire::link_action::Fetch& fetch) {
    const MonoTime now = events_.now();
    answers_at_ = std::max(answers_at_, now + std::chrono::microseconds(10 + random_.below(2000)));
    events_.after(answers_at_ - now, [this, life = lives_, fetch] {
        if (life != lives_) {
            return;
        }
        std::vector<wire::SequencedRecord> answer;
        if (agent::Spool* spool = life_->upkeep.spools().find(fetch.spool)) {
            auto records = spool->read(fetch.from_seq, fetch.bytes);
            if (records && !records->empty()) {
                answer = std::move(*records);
                spool->sent(answer.back().last_seq());
            }
        }
        tell();
        perform(life_->link.on_records(clock_.mono(), fetch.spool, std::move(answer)));
    });
}

void DeliveryAgent::rekey(const wire::link_action::Rekey& rekey) {
    if (life_->upkeep.spools().find(rekey.spool) == nullptr) {
        return;
    }
    const SpoolId name(Uuid::random(random_));
    book_.renamed(rekey.spool, name);
    const Status renamed = life_->upkeep.spools().rename(rekey.spool, name, rekey.from_seq);
    ++rekeys_;
    trace_.add(
        events_.now(),
        "agent {}: the spool goes on under another name from {}: {}",
        number_,
        rekey.from_seq,
        renamed ? "done" : renamed.error().text()
    );
    tell();
}

void DeliveryAgent::apply(wire::link_action::Apply apply) {
    static_cast<void>(
        agent::save_assignments(disk_, assignments_file, Secret(), apply.epoch, apply.items)
    );
    agent::AssignmentTable table = agent::read_assignments(apply.epoch, std::move(apply.items));
    std::vector<std::string> problems = table.problems;
    const std::uint32_t epoch = table.epoch;
    take_up(std::move(table));
    perform(life_->link.on_applied(epoch, std::move(problems)));
}

void DeliveryAgent::take_up(agent::AssignmentTable table) {
    life_->batcher.assign(table.epoch, table.ids);
    life_->scheduler.assign(table.epoch, std::move(table.probes), clock_.mono());
}

void DeliveryAgent::on_connected(Connection connection) {
    if (life_ && life_->connection == connection) {
        perform(life_->link.on_connected(clock_.mono(), clock_.wall()));
    }
}

void DeliveryAgent::on_frame(Connection connection, wire::proto::Frame frame) {
    if (life_ && life_->connection == connection) {
        perform(life_->link.on_frame(clock_.mono(), clock_.wall(), std::move(frame)));
    }
}

void DeliveryAgent::on_lost(Connection connection) {
    if (life_ && life_->connection == connection) {
        life_->connection = 0;
        perform(life_->link.on_closed(clock_.mono()));
    }
}

bool DeliveryAgent::is_drained() const {
    if (!life_ || !life_->link.is_live() || life_->batcher.next_due() != MonoTime::max()) {
        return false;
    }
    return untold() == 0 && !life_->upkeep.spools().is_in_memory() &&
           std::ranges::all_of(
               life_->upkeep.spools().positions(),
               [](const wire::SpoolPosition& each) { return each.first_unacked == each.next_seq; }
           );
}

std::uint64_t DeliveryAgent::untold() const {
    agent::SpoolSet& spools = life_->upkeep.spools();
    std::uint64_t results = 0;
    for (const wire::SpoolPosition& position : spools.positions()) {
        results += spools.find(position.spool)->untold().results;
    }
    return results;
}

std::string DeliveryAgent::miscount() const {
    const agent::SpoolSet& spools = life_->upkeep.spools();
    const agent::SpoolCounters counters = spools.counters();
    const std::uint64_t came =
        counters.found_results + counters.appended_results + counters.refused_results;
    const std::uint64_t went =
        counters.acked_results + spools.waiting_results() + counters.all_gaps() + untold();
    return came == went ? "" : fmt::format("the spools count {} results in and {} out", came, went);
}

}  // namespace muster::test
