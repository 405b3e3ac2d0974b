// Owns: what may come next on a command line of `muster`, from the same tree of verbs and options that parses it.
// Leaves to completion_verbs.cpp: the shells.
#pragma once

#include "ctl/world.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace muster::ctl {

struct Candidate {
    std::string text;
    std::string description;  ///< one line; may be empty
};

/// What completes the last word. `takes_files`: the shell's own completion of file names helps, too.
struct Completion {
    std::vector<Candidate> candidates;
    bool takes_files = false;
};

/// `words` are those after the program's name; the last one is being typed and may be empty. Words that make no sense are passed
/// over: the program itself will say so.
Completion complete(const CLI::App& app, const std::vector<std::string>& words);

/// The word by which the shells' scripts ask: `muster [OPTIONS] __complete WORDS…`
inline constexpr std::string_view completion_word = "__complete";
/// One candidate a line with its description behind a tab; ":files" where file names help.
int tell_completion(World& world, const CLI::App& root, const std::vector<std::string>& words);

}  // namespace muster::ctl
