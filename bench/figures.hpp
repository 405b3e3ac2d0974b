// Owns: the lines a benchmark prints, and what a peer reached in the same run beside them.
// Leaves to: whoever runs the peer what it is and how it is measured.
#pragma once

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace muster::bench {

/// The value below which that share of them lies; 0 without any.
inline double quantile(std::vector<double> values, double share) {
    if (values.empty()) {
        return 0;
    }
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// Prints `figure NAME VALUE UNIT [peer=VALUE ratio=R]`, where the ratio is ours to the peer's.
class Figures {
  public:
    /// Reads what the peer of PREFIX reached from a JSON object: "results_per_second" in it stands beside
    /// PREFIX.results_per_second, "version" says who it is. Nothing when the file has no such object.
    static std::optional<Figures> beside_peer(const std::string& prefix, const std::string& file) {
        std::ostringstream text;
        text << std::ifstream(file).rdbuf();
        boost::system::error_code error;
        const boost::json::value peer = boost::json::parse(text.str(), error);
        if (error || !peer.is_object() || !peer.get_object().contains("version")) {
            return std::nullopt;
        }
        Figures figures;
        figures.prefix_ = prefix + ".";
        figures.peer_ = peer.get_object();
        std::cout << "peer " << boost::json::value_to<std::string>(peer.at("version")) << std::endl;
        return figures;
    }

    /// Whether the peer, if there is one, was measured for as long.
    bool are_comparable(std::int64_t warm_up_seconds, std::int64_t measure_seconds) const {
        return peer_.empty() || (peer_.at("warm_up_seconds") == warm_up_seconds &&
                                 peer_.at("measure_seconds") == measure_seconds);
    }

    void print(const std::string& name, double value, const std::string& unit) const {
        if (name.starts_with(prefix_)) {
            if (const auto* peer = peer_.if_contains(name.substr(prefix_.size()))) {
                print_beside(name, value, unit, peer->to_number<double>());
                return;
            }
        }
        std::cout << fmt::format("figure {} {} {}", name, text(value), unit) << std::endl;
    }

    /// With what it depends on, as `NAME=VALUE`.
    static void print_of(
        const std::string& name, double value, const std::string& unit, const std::string& condition
    ) {
        std::cout << fmt::format("figure {} {} {} {}", name, text(value), unit, condition)
                  << std::endl;
    }

    /// Beside what a peer needs for the same.
    static void print_beside(
        const std::string& name, double value, const std::string& unit, double peer
    ) {
        std::cout << fmt::format(
                         "figure {} {} {} peer={} ratio={:.2f}",
                         name,
                         text(value),
                         unit,
                         text(peer),
                         value / peer
                     )
                  << std::endl;
    }

  private:
    static std::string text(double value) {
        return fmt::format("{:.{}f}", value, value < 100 ? 2 : 0);
    }

    std::string prefix_;
    boost::json::object peer_;
};

}  // namespace muster::bench
