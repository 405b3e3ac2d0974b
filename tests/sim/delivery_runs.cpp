#include "tests/sim/delivery_runs.hpp"

#include "tests/sim/quiet_log.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <utility>

namespace muster::test {
namespace {

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        text += line + "\n";
    }
    return text;
}

void add(DeliveryVerdict& sum, const DeliveryVerdict& one) {
    sum.simulated += one.simulated;
    sum.made += one.made;
    sum.delivered += one.delivered;
    sum.lost += one.lost;
    sum.refused += one.refused;
    sum.connections += one.connections;
    sum.disturbances += one.disturbances;
    sum.rekeys += one.rekeys;
    sum.renewals += one.renewals;
    sum.restores += one.restores;
    sum.finished_gaps += one.finished_gaps;
    sum.power_cuts += one.power_cuts;
    sum.ends += one.ends;
    sum.refusals += one.refusals;
}

}  // namespace

DeliveryVerdict live_through_all(
    const std::string& test,
    SeedRange seeds,
    const std::function<DeliveryPlan(std::uint64_t seed)>& plan_of
) {
    const QuietLog quiet;
    DeliveryVerdict sum;
    bool has_failed = false;
    for (std::uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
        const DeliveryPlan plan = plan_of(seed);
        const auto detail = is_traced() ? Trace::Detail::all : Trace::Detail::none;
        const DeliveryVerdict verdict = live_through(plan, detail);
        if (!verdict.problem.empty()) {
            ADD_FAILURE() << "seed " << seed << ": " << verdict.problem
                          << "\nagain: " << replay_command(test, seed);
            if (!is_traced() && !std::exchange(has_failed, true)) {
                std::cout << joined(live_through(plan, Trace::Detail::all).trace);
            }
        }
        if (is_traced()) {
            std::cout << joined(verdict.trace);
        }
        add(sum, verdict);
    }
    std::cout << fmt::format(
        "{} seeds, {} simulated s, {} records made, {} stored, {} results in gaps, {} refused, "
        "{} connections, {} disturbances, {} restores, {} gaps of what was gone by then, {} spools "
        "renamed, {} renewed, {} power "
        "cuts of the "
        "collector, {} ends by an error, {} refusals of a full disk\n",
        seeds.count,
        to_ms(sum.simulated) / 1000,
        sum.made,
        sum.delivered,
        sum.lost,
        sum.refused,
        sum.connections,
        sum.disturbances,
        sum.restores,
        sum.finished_gaps,
        sum.rekeys,
        sum.renewals,
        sum.power_cuts,
        sum.ends,
        sum.refusals
    );
    return sum;
}

}  // namespace muster::test
