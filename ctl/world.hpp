// Owns: everything the command line touches outside itself, handed down from main() or a test.
#pragma once

#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>

namespace muster::ctl {

/// Exit codes of every verb but `probe`.
inline constexpr int exit_success = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

/// terminal: a person looks at it, colours are welcome.
enum class OutputKind { terminal, pipe };

/// All references outlive the run.
struct World {
    Files& files;
    const Clock& clock;
    Random& random;
    std::istream& in;
    std::ostream& out;  ///< data
    std::ostream& err;  ///< talk
    std::map<std::string, std::string>
        environment;             ///< MUSTER_SERVER, HOME, XDG_CONFIG_HOME, NO_COLOR, where set
    std::string program_folder;  ///< where `muster` and its probe worker lie, with a trailing slash
    OutputKind output_kind = OutputKind::pipe;
    /// Reads a line that is not shown, where a person types; empty: nobody does, secrets are lines of `in`.
    std::function<Result<Secret>(std::string_view prompt)> ask_secret = {};
};

}  // namespace muster::ctl
