// Owns: filling secrets into assignments from files on the collector, at the moment they are sent.
#pragma once

#include "base/files.hpp"
#include "base/secret.hpp"
#include "collector/brain/assignment_list.hpp"

#include <map>
#include <set>
#include <string>

namespace muster::collector {

/// Reads each file once in its life; forgets (and wipes) all when it ends.
class SecretFiles {
  public:
    /// `data_dir`: below it nothing is read.
    SecretFiles(Files& files, const std::string& data_dir) : files_(&files), data_dir_(data_dir) {}

    /// For a secret that cannot be read, its file and the reason: the agent tells the probe as unknown with that.
    void fill_in(AssignmentItem& item);
    /// Equal exactly while every one of these files reads the same; empty for no files. Tells nothing of what is in them.
    std::string fingerprint(const std::set<std::string>& paths);

  private:
    struct ReadSecret {
        Secret value;
        std::string problem;  ///< why there is none
    };

    const ReadSecret& read(const std::string& path);

    Files* files_;
    std::string data_dir_;
    std::map<std::string, ReadSecret> read_;
};

}  // namespace muster::collector
