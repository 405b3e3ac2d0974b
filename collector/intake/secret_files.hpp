// Owns: filling secrets into assignments from files on the collector, at the moment they are sent.
#pragma once

#include "base/files.hpp"
#include "base/secret.hpp"
#include "collector/brain/assignment_list.hpp"

#include <map>
#include <string>

namespace muster::collector {

/// Reads each file once in its life; forgets (and wipes) all when it ends.
class SecretFiles {
  public:
    explicit SecretFiles(Files& files) : files_(&files) {}

    /// A secret that cannot be read is left out and logged: the agent reports the probe as unknown.
    void fill_in(AssignmentItem& item);

  private:
    Files* files_;
    std::map<std::string, Secret> read_;
};

}  // namespace muster::collector
