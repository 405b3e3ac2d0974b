// Owns: what is said of a command line that cannot be run: what is missing or unknown, what may have been meant, and how the verb is
// written. Leaves to words.hpp: which verb it is.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace muster::ctl {

/// Lines for a person, with a line break at the end. `words` as they were typed, without the program's name; `app` has tried them
/// and failed with `problem`.
std::string usage_text(
    const CLI::App& app, const std::vector<std::string>& words, const CLI::ParseError& problem
);

}  // namespace muster::ctl
