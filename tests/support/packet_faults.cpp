#include "tests/support/packet_faults.hpp"

#include "tests/support/process.hpp"

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

namespace muster::test {
namespace {

std::string complaint_of(std::vector<std::string> command) {
    const CommandResult result = run_command(std::move(command));
    return result.exit_code == 0
               ? ""
               : "exit code " + std::to_string(result.exit_code) + ": " + result.output;
}

/// In place of the rules before.
std::string replace_rules(const std::string& incoming, const std::string& outgoing = "") {
    return complaint_of(
        {"nft",
         "table inet faults\ndelete table inet faults\ntable inet faults {\n"
         "  chain in {\n    type filter hook input priority 0;\n" +
             incoming + "  }\n  chain out {\n    type filter hook output priority 0;\n" + outgoing +
             "  }\n}\n"}
    );
}

}  // namespace

std::string lose_packets(std::uint16_t port, int percent) {
    const std::string chance =
        " numgen random mod 100 < " + std::to_string(percent) + " counter drop\n";
    const std::string number = std::to_string(port);
    return replace_rules("tcp dport " + number + chance, "tcp sport " + number + chance);
}

std::string lose_packets_longer_than(std::uint16_t port, int bytes) {
    const std::string single =
        complaint_of({"ip", "link", "set", "dev", "lo", "mtu", "1500", "gso_max_segs", "1"});
    if (!single.empty()) {
        return single;
    }
    const std::string number = std::to_string(port);
    const std::string fate = " ip length > " + std::to_string(bytes) + " counter drop\n";
    return replace_rules("tcp dport " + number + fate + "tcp sport " + number + fate);
}

std::string lose_ipv6() {
    return replace_rules("meta nfproto ipv6 counter drop\n");
}

std::string refuse_connections_to(const std::string& network) {
    return replace_rules("ip daddr " + network + " reject with tcp reset\n");
}

std::string refuse_port(std::uint16_t port) {
    return replace_rules("tcp dport " + std::to_string(port) + " reject with tcp reset\n");
}

std::string lose_packets_to(const std::string& network) {
    return replace_rules("ip daddr " + network + " counter drop\n");
}

std::string lose_nothing() {
    return replace_rules("");
}

std::uint64_t packets_lost() {
    std::istringstream words(run_command({"nft", "list", "table", "inet", "faults"}).output);
    std::uint64_t lost = 0;
    for (std::string word; words >> word;) {
        std::uint64_t number = 0;
        if (word == "packets" && words >> number) {
            lost += number;
        }
    }
    return lost;
}

std::string limit_rate(
    const std::string& device, int kbit_a_second, std::vector<std::string> within
) {
    const int burst = std::max(2000, kbit_a_second * 1000 / 8 / 20);
    within.insert(
        within.end(),
        {"tc",
         "qdisc",
         "replace",
         "dev",
         device,
         "root",
         "tbf",
         "rate",
         std::to_string(kbit_a_second) + "kbit",
         "burst",
         std::to_string(burst),
         "latency",
         "500ms"}
    );
    return complaint_of(std::move(within));
}

}  // namespace muster::test
