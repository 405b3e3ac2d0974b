// Owns: which verb the words of a command line reach, and what is left of them. Leaves to CLI11: taking them for good.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace muster::ctl {

/// How far words lead. Pointers are into the app.
struct Reached {
    const CLI::App* verb = nullptr;
    const CLI::Option* waiting = nullptr;  ///< the option whose value would come next
    std::vector<std::string> arguments;  ///< behind the verb, neither options nor values of options
    std::size_t first_argument = 0;      ///< its place among the words
    std::vector<std::string> unknown_options;
};

Reached reached_by(const CLI::App& app, const std::vector<std::string>& words);

bool is_option(std::string_view word);
/// Those of the verb and, since options fall through, of the groups above it; no positional ones.
std::vector<const CLI::Option*> options_of(const CLI::App& app);
/// All below the app that have a name.
std::vector<const CLI::App*> verbs_of(const CLI::App& app);

}  // namespace muster::ctl
