#include "tests/sim/delivery_plan.hpp"

#include "tests/sim/simulated_day.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace muster::test {
namespace {

using namespace std::chrono_literals;

Duration up_to(Random& random, Duration most) {
    return Duration(
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.count()) + 1))
    );
}

Duration between(Random& random, Duration least, Duration most) {
    return least + up_to(random, most - least);
}

bool one_in(Random& random, std::uint64_t of) {
    return random.below(of) == 0;
}

/// A twentieth to a fifth of what a collector in the field has, so that a minute holds many of them.
void scale_times(DeliveryPlan& plan) {
    plan.intake.link.heartbeat = 2s;
    plan.intake.link.hello_within = 3s;
    plan.intake.link.silent_after = 6s;
    plan.intake.answer_within = 1s;
    plan.agent.link.heartbeat = 2s;
    plan.agent.link.answer_within = 6s;
    plan.agent.link.backoff_least = 100ms;
    plan.agent.link.backoff_most = 3s;
    plan.agent.link.renew_after = 12s;
}

void draw_settings(Random& random, DeliveryPlan& plan) {
    const std::uint64_t many = random.below(8);
    plan.agents = many < 5 ? 1 : many < 7 ? 2 : 3;
    plan.lasts = between(random, 20s, 60s);
    plan.probes = static_cast<std::uint32_t>(1 + random.below(3));
    plan.interval = between(random, 500ms, 4s);
    if (!one_in(random, 4)) {
        scale_times(plan);
    }
    agent::SpoolOptions& spool = plan.agent.spool;
    spool.segment_bytes = 600 + random.below(4000);
    spool.memory_bytes = one_in(random, 2) ? random.below(2000) : spool.memory_bytes;
    spool.limits.retain_acked = one_in(random, 2) ? up_to(random, 20s) : 30min;
    spool.limits.retain_acked_bytes = one_in(random, 3) ? random.below(5000) : 64U << 20U;
    if (one_in(random, 8)) {
        spool.limits.max_bytes = 6000 + random.below(6000);
    }
    plan.agent.upkeep.flush = one_in(random, 2) ? 200ms : up_to(random, 2s);
    plan.agent.upkeep.save_acked_every = one_in(random, 2) ? 30s : up_to(random, 10s);
    plan.agent.link.batch_bytes = one_in(random, 2) ? 100 + random.below(1000) : 512U << 10U;
    plan.agent.link.batches_in_flight = static_cast<std::uint32_t>(1 + random.below(8));
    plan.intake.link.credit_bytes = one_in(random, 4) ? 200 + random.below(2000) : 4U << 20U;
    plan.journal.segment_bytes = one_in(random, 8) ? 200'000 : 1ULL << 30U;
    plan.is_hostile = one_in(random, 4);
}

/// With little of it a disk that fails for seconds is felt. Numbers of its own: the rest of a seed means what it meant.
void draw_memory(DeliveryPlan& plan) {
    SeededRandom random(plan.seed ^ 0x5eed'0200);
    if (one_in(random, 3)) {
        plan.agent.spool.unsynced_bytes = 200 + random.below(500);
    }
}

/// How often a kind comes, once it is among those of a seed, and how long it lasts at most.
struct Kind {
    Disturbance what;
    std::uint64_t weight;
    Duration lasts;
};

void draw_disturbances(
    Random& random, DeliveryPlan& plan, std::vector<Kind> kinds, Duration apart
) {
    std::uint64_t weights = 0;
    for (const Kind& kind : kinds) {
        weights += kind.weight;
    }
    if (weights == 0) {
        return;
    }
    for (Duration at = up_to(random, apart); at < plan.lasts; at += up_to(random, 2 * apart)) {
        std::uint64_t drawn = random.below(weights);
        const auto kind = std::ranges::find_if(kinds, [&drawn](const Kind& each) {
            const bool is_it = drawn < each.weight;
            drawn -= is_it ? 0 : each.weight;
            return is_it;
        });
        plan.disturbances.push_back(
            {.what = kind->what,
             .at = at,
             .lasts = up_to(random, kind->lasts),
             .agent = random.below(plan.agents),
             .draw = random.next_u64()}
        );
    }
}

DeliveryPlan with_brain(std::uint64_t seed) {
    DeliveryPlan plan;
    plan.seed = seed;
    plan.has_brain = true;
    plan.lasts = 4min;
    plan.agents = 1 + seed % 2;
    plan.probes = 3;
    plan.interval = 5s;
    plan.agent.link.backoff_most = 3s;
    return plan;
}

}  // namespace

DeliveryPlan plan_delivery(std::uint64_t seed) {
    SeededRandom random(seed);
    DeliveryPlan plan;
    plan.seed = seed;
    draw_settings(random, plan);
    draw_memory(plan);
    const std::vector<std::vector<Kind>> families{
        {{Disturbance::agent_killed, 4, 5s}},
        {{Disturbance::agent_power_cut, 4, 5s}},
        {{Disturbance::agent_image, 3, 0s}, {Disturbance::agent_set_back, 2, 3s}},
        {{Disturbance::connections_reset, 6, 0s}},
        {{Disturbance::path_cut, 6, 20s}},
        {{Disturbance::collector_killed, 3, 5s}, {Disturbance::collector_dies_at_commit, 3, 5s}},
        {{Disturbance::collector_power_cut, 2, 5s}},
        {{Disturbance::backup_made, 3, 0s}, {Disturbance::collector_restored, 2, 3s}},
        {{Disturbance::agent_disk_fails, 3, 8s}},
        {{Disturbance::bit_flipped, 3, 0s}},
        {{Disturbance::agent_clock_stepped, 2, 0s}, {Disturbance::collector_clock_stepped, 2, 0s}},
        {{Disturbance::collector_full, 3, 5s}},
    };
    std::vector<Kind> kinds;
    for (const auto& family : families) {
        if (one_in(random, 3)) {
            kinds.insert(kinds.end(), family.begin(), family.end());
        }
    }
    draw_disturbances(random, plan, std::move(kinds), between(random, 1s, 8s));
    return plan;
}

DeliveryPlan plan_forgetful(std::uint64_t seed) {
    SeededRandom random(seed ^ 0x5eed'0100);
    DeliveryPlan plan;
    plan.seed = seed;
    plan.lasts = 60s;
    plan.interval = 500ms;
    scale_times(plan);
    plan.agent.link.backoff_most = 1s;
    plan.agent.link.renew_after = 1s;
    plan.agent.spool.segment_bytes = 600;
    plan.agent.spool.limits.retain_acked = up_to(random, 2s);
    draw_disturbances(
        random,
        plan,
        {{Disturbance::path_cut, 6, 6s},
         {Disturbance::backup_made, 3, 0s},
         {Disturbance::collector_restored, 3, 2s},
         {Disturbance::collector_dies_at_commit, 2, 1s},
         {Disturbance::agent_killed, 2, 1s},
         {Disturbance::agent_power_cut, 1, 1s},
         {Disturbance::agent_image, 1, 0s},
         {Disturbance::agent_set_back, 1, 1s}},
        3s
    );
    return plan;
}

DeliveryPlan plan_power_cuts(std::uint64_t seed) {
    SeededRandom random(seed ^ 0x5eed'0020);
    DeliveryPlan plan;
    plan.seed = seed;
    draw_settings(random, plan);
    plan.collector_has_bad_disk = true;
    plan.has_brain = one_in(random, 3);
    plan.journal.segment_bytes = one_in(random, 2) ? 100'000 + random.below(400'000) : 1ULL << 30U;
    plan.journal.segment_age = one_in(random, 4) ? between(random, 3s, 20s) : 24h;
    plan.journal.checkpoint_bytes = 50'000 + random.below(500'000);
    std::vector<Kind> kinds{{Disturbance::collector_power_cut, 6, 3s}};
    std::vector<std::vector<Kind>> families{
        {{Disturbance::collector_disk_fails, 4, 0s}},
        {{Disturbance::collector_full, 3, 8s}},
        {{Disturbance::collector_killed, 3, 3s}, {Disturbance::collector_dies_at_commit, 3, 3s}},
        {{Disturbance::collector_clock_stepped, 2, 0s}},
        {{Disturbance::agent_killed, 3, 5s}, {Disturbance::agent_power_cut, 3, 5s}},
        {{Disturbance::connections_reset, 4, 0s}, {Disturbance::path_cut, 4, 10s}},
        {{Disturbance::backup_made, 3, 0s}, {Disturbance::collector_restored, 2, 3s}},
    };
    if (plan.has_brain) {
        families.pop_back();  // the record would be put back with the journal
    }
    for (const auto& family : families) {
        if (one_in(random, 2)) {
            kinds.insert(kinds.end(), family.begin(), family.end());
        }
    }
    draw_disturbances(random, plan, std::move(kinds), between(random, 1s, 5s));
    return plan;
}

DeliveryPlan plan_gentle(std::uint64_t seed) {
    SeededRandom random(seed);
    DeliveryPlan plan = with_brain(seed);
    draw_disturbances(
        random,
        plan,
        {{Disturbance::agent_killed, 2, 1s},
         {Disturbance::connections_reset, 3, 0s},
         {Disturbance::path_cut, 3, 5s},
         {Disturbance::collector_killed, 2, 2s},
         {Disturbance::collector_power_cut, 1, 2s},
         {Disturbance::collector_dies_at_commit, 2, 2s}},
        10s
    );
    return plan;
}

DeliveryPlan plan_calm(std::uint64_t seed) {
    return with_brain(seed);
}

bool fails_at(std::uint64_t seed, const std::string& host, Duration since_start) {
    std::uint64_t mixed = seed;
    for (const char one : host) {
        mixed = mixed * 1'099'511'628'211ULL + static_cast<unsigned char>(one);
    }
    SeededRandom random(mixed);
    if (one_in(random, 4)) {
        return false;
    }
    const Duration begin = between(random, 40s, 120s);
    return since_start >= begin && since_start < begin + between(random, 60s, 80s);
}

std::string watch_of(const DeliveryPlan& plan) {
    if (!plan.has_brain) {
        return "";
    }
    std::string text = std::string(one_channel) + "targets:\n";
    for (std::size_t agent = 0; agent < plan.agents; ++agent) {
        for (std::uint32_t probe = 0; probe < plan.probes; ++probe) {
            const std::string at = std::to_string(agent) + "." + std::to_string(probe);
            text += "  - {name: \"host" + at + "\", class: server, address: 10.0." + at +
                    ", from: {agent: agent" + std::to_string(agent) +
                    "}, hold: 5s, probes: [{type: icmp, count: 1, interval: 5s, timeout: 2s}]}\n";
        }
    }
    return text;
}

}  // namespace muster::test
