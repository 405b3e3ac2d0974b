// Owns: the configuration that runs: read again, or changed by what is applied; a wrong one changes nothing. Leaves to
// the collector: telling the folds and the channels.
#pragma once

#include "base/files.hpp"
#include "cmdb/model.hpp"
#include "collector/configuration/load.hpp"
#include "collector/configuration/objects.hpp"
#include "collector/configuration/secret_check.hpp"
#include "config/programs.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace muster::collector {

enum class ApplyMode { apply, dry_run };

/// How many CIs there are of each class.
using ClassUse = std::map<std::string, std::int64_t, std::less<>>;

struct ApplyRequest {
    AppliedTexts texts;  ///< names as in `applied_name`
    Prune prune = Prune::no;
    ApplyMode mode = ApplyMode::apply;
    std::string if_match;  ///< the etag the caller saw; empty: any
    ClassUse in_use = {};  ///< a class with CIs stays declared
};

struct ApplyOutcome {
    std::vector<ObjectChange> changes;

    /// Queries of policies that differ, before and after; empty: there is none.
    struct Match {
        std::string policy;
        config::Query before;
        config::Query after;
    };

    std::vector<Match> matches;
    std::vector<UnreadSecret> unread;  ///< named in the texts that were given
    std::string etag;                  ///< of the set after it, quoted
    std::string config_hash;           ///< hex, of the configuration the folds are told
};

/// Belongs to the loop's thread.
class ConfigurationKeeper {
  public:
    struct Options {
        Files* files = nullptr;     ///< outlives this
        std::string path;           ///< collector.yaml; empty: there is none
        std::string data_dir;       ///< where it is
        std::string data_dir_said;  ///< on the command line; empty: the file says
    };

    ConfigurationKeeper(Options options, config::LoadedCollector running);

    const config::LoadedCollector& running() const { return running_; }

    /// The shipped classes with those that the running configuration declares; never null, const for its readers.
    const std::shared_ptr<const cmdb::Model>& model() const { return model_; }

    /// Reads everything again. Logs what is wrong, line by line, and what needs a restart. True when what runs now was
    /// read; a class with CIs that is no longer declared is wrong, too.
    bool reload(const ClassUse& in_use = {});
    /// Validates the whole set with these texts; then, unless it is a dry run, stores them and lets it run.
    /// `conflict`: if_match names another set. `invalid`: file:line:column of each mistake.
    Result<ApplyOutcome> apply(const ApplyRequest& request);
    /// Of what was applied, quoted.
    std::string etag() const;

  private:
    void run(config::LoadedCollector next, std::shared_ptr<const cmdb::Model> model);

    Options options_;
    config::LoadedCollector running_;
    std::shared_ptr<const cmdb::Model>
        model_;  // shared with those who read the state beside the loop
};

}  // namespace muster::collector
