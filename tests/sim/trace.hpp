// Owns: what happened in a simulated run, in words, for the one run that is looked at.
#pragma once

#include "base/time.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace muster::test {

class Trace {
  public:
    enum class Detail { none, all };

    explicit Trace(Detail detail) : detail_(detail) {}

    template <class... Values>
    void add(MonoTime now, fmt::format_string<Values...> what, Values&&... values) {
        if (detail_ == Detail::all) {
            const double seconds = static_cast<double>(to_ns(now)) / 1e9;
            lines_.push_back(
                fmt::format("{:11.6f} ", seconds) +
                fmt::format(what, std::forward<Values>(values)...)
            );
        }
    }

    const std::vector<std::string>& lines() const { return lines_; }

  private:
    Detail detail_;
    std::vector<std::string> lines_;
};

}  // namespace muster::test
