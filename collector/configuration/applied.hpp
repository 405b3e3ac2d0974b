// Owns: the texts that were applied over the API, kept in one file of the data directory. Leaves to load.hpp: reading
// them with the others.
#pragma once

#include "base/files.hpp"
#include "base/result.hpp"
#include "config/watch.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::collector {

/// By name, each name once. A name is "applied/" and a file's name: that is how errors show it.
using AppliedTexts = std::vector<config::ConfigText>;

inline constexpr std::string_view applied_prefix = "applied/";

/// "applied/web.yaml" of "web.yaml". `invalid` for what is no plain name: letters, digits, `.`, `_`, `-`, at most 100
/// bytes, ending in .yaml, not beginning with a dot.
Result<std::string> applied_name(std::string_view file);

/// The set after `given` was applied to `had`: texts of the same name are replaced; with `prune` the others go.
enum class Prune { no, yes };
AppliedTexts after_applying(const AppliedTexts& had, const AppliedTexts& given, Prune prune);

/// What `path` holds; nothing where there is no file. `corrupt` for a file that this program did not write.
Result<AppliedTexts> read_applied(Files& files, const std::string& path);
/// All or nothing.
Status write_applied(Files& files, const std::string& path, const AppliedTexts& texts);

}  // namespace muster::collector
