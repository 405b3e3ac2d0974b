// Owns: what a unit of systemd says, read as systemd reads it. Leaves to unit_sandbox.hpp: doing it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace muster::test {

class UnitFile {
  public:
    explicit UnitFile(const std::string& path);

    /// The words of every line of `key`, line by line; what stands before an empty assignment does not count.
    std::vector<std::vector<std::string>> lines(const std::string& key) const;
    /// The words of all its lines; nothing where the key is not there.
    std::optional<std::vector<std::string>> words(const std::string& key) const;

  private:
    std::multimap<std::string, std::string> assignments_;  // those of one key in their order
};

/// Groups of system calls by name ("@network-io") as systemd-analyze(1) lists them; a group may name groups.
using CallGroups = std::map<std::string, std::vector<std::string>>;
CallGroups parse_call_groups(const std::string& listing);
/// The names that SystemCallFilter= leaves, or nothing where there is no such line. Only lists that begin with what is allowed.
std::optional<std::set<std::string>> allowed_calls(const UnitFile& unit, const CallGroups& groups);

}  // namespace muster::test
