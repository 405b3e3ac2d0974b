// Owns: files of bytes and schemas as they were once released, beside the tests that still read them.
// MUSTER_WRITE_GOLDEN=1 writes those that are missing.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace muster::collector::golden {

/// The folder of golden files in the source tree.
std::string folder();
/// Names of the files in it, sorted.
std::vector<std::string> names();
/// Empty where there is no such file.
std::string read(const std::string& name);
/// Whether MUSTER_WRITE_GOLDEN=1 asks for missing files.
bool is_writing();

/// Writes `text` to `directory`/`name`. The first line names the version: `refused` where a file with the same first line
/// is there and says anything else, since what has been released never changes.
Status write(const std::string& directory, const std::string& name, const std::string& text);

}  // namespace muster::collector::golden
