// What a policy edit costs with many CIs: the brain folds a configuration in which one policy differs. Prints
// policy.apply_100k_cis_ms: from the entry to the commit that releases the new assignments.
#include "base/crypto.hpp"
#include "bench/figures.hpp"
#include "collector/brain/brain.hpp"
#include "collector/journal/entries.pb.h"
#include "probes/probe_type.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace muster::bench {
namespace {

using collector::Brain;
using collector::Entry;
using collector::EntryKind;

constexpr int cis = 100'000;

std::string text_with(int interval_s, int failures) {
    std::string text =
        "targets:\n  - {name: \"host-{n}\", class: server, address: \"10.0.0.{n}\", "
        "site: HQ, labels: {role: web}, each: 1.." +
        std::to_string(cis) + "}\npolicies:\n";
    for (int policy = 0; policy < 10; ++policy) {
        const bool is_edited = policy == 0;
        text += "  - name: policy " + std::to_string(policy) +
                "\n    match: class = hardware and site = HQ and label.role = " +
                (is_edited ? "web" : "other" + std::to_string(policy)) +
                "\n    breach: {failures: " + std::to_string(is_edited ? failures : 3) +
                "}\n    probes: [{type: icmp, interval: " +
                std::to_string(is_edited ? interval_s : 60) + "s}]\n";
    }
    return text;
}

class Folding {
  public:
    Folding() : brain_(*Brain::open({.probe_types = probes::probe_schemas()})) {}

    void fold(EntryKind kind, std::string body) {
        Entry entry;
        entry.lsn = ++lsn_;
        entry.kind = kind;
        entry.elapsed = elapsed_from_ns(static_cast<std::int64_t>(lsn_) * 1'000'000'000);
        entry.wall = wall_from_ns(1'800'000'000'000'000'000 + to_ns(entry.elapsed));
        entry.body = std::move(body);
        if (const Status folded = brain_.fold(entry); !folded) {
            std::fprintf(stderr, "%s\n", folded.error().text().c_str());
            std::exit(1);
        }
        auto effects = brain_.commit();
        for (auto& append : effects->append) {
            fold(append.kind, std::move(append.body));
        }
    }

    double configure_ms(const std::string& text) {
        collector::proto::ConfigLoaded body;
        auto& file = *body.add_files();
        file.set_name("collector.yaml");
        file.set_text(text);
        body.set_hash(sha256(text));
        const auto begun = std::chrono::steady_clock::now();
        fold(EntryKind::config_loaded, body.SerializeAsString());
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun)
            .count();
    }

  private:
    Brain brain_;
    collector::Lsn lsn_ = 0;
};

}  // namespace
}  // namespace muster::bench

int main() {
    using namespace muster;
    using namespace muster::bench;
    const Figures figures;
    Folding folding;
    collector::proto::AgentEnrolled agent;
    const AgentId id{Uuid::named("bench agent")};
    agent.set_agent_id(std::string(id.raw()));
    agent.set_name("agent");
    agent.set_site("HQ");
    folding.fold(EntryKind::agent_enrolled, agent.SerializeAsString());
    figures.print("policy.first_100k_cis_ms", folding.configure_ms(text_with(60, 3)), "ms");
    figures.print(
        "policy.apply_100k_cis_threshold_ms", folding.configure_ms(text_with(60, 4)), "ms"
    );
    figures.print("policy.apply_100k_cis_ms", folding.configure_ms(text_with(30, 4)), "ms");
    return 0;
}
