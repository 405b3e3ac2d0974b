// Owns: the keys targets, policies, thresholds and channels of the files, across files. Leaves to probe_reader.hpp: entries of probes.
#pragma once

#include "config/channel_reader.hpp"
#include "config/probe_reader.hpp"
#include "config/rule_reader.hpp"
#include "config/watch.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace muster::config {

/// Reads one file after the other into one Watch; names are unique over all of them.
class WatchReader {
  public:
    /// `words`: what `match:` and `class:` may name; null: anything. `changed`: as in parse_watch. All outlive the reader.
    explicit WatchReader(
        std::span<const ProbeSchema> types,
        const Vocabulary* words = nullptr,
        ZoneCheck zones = ZoneCheck::form_only,
        std::span<const std::string> changed = {}
    )
        : types_(types), words_(words), zones_(zones), changed_(changed) {}

    /// `root` is the whole map of a file; its other keys are the caller's.
    void read(const Source& source, const YamlNode& root);

    /// After the last file: what only all files together show.
    void finish(Issues& issues) const;

    Watch take() { return std::move(watch_); }

  private:
    /// What targets and policies have in common.
    struct Common {
        Vantage from;
        ReadRule rule;
        Urgency urgency = Urgency::medium;
    };

    /// A threshold whose window is checked when all probes are known.
    struct Unchecked {
        std::string file;
        std::size_t threshold = 0;
        ReadRule rule;
    };

    struct NamedAt {
        std::size_t file = 0;  ///< its place in files_: there may be a million names
        Position at;
    };

    Common read_common(const Source& source, const MapReader& reader) const;
    Target target_head(const Source& source, const MapReader& reader, const Common& common);
    void read_target(const Source& source, const YamlNode& node);
    void repeat_target(
        const Source& source,
        Position at,
        const Target& target,
        const std::vector<ProbeTemplate>& probes,
        Range each
    );
    void read_policy(const Source& source, const YamlNode& node);
    void read_threshold(const Source& source, const YamlNode& node);
    Threshold threshold_head(const Source& source, const MapReader& reader) const;
    void check_threshold(Issues& issues, const Unchecked& unchecked) const;
    void read_channel(const Source& source, const YamlNode& node);
    /// `host_watch:` and `storm:`, each once over all files.
    void read_brakes(const Source& source, const MapReader& reader);
    std::vector<ProbeDeclaration> repeat_probes(
        const Source& source, const ProbeReader& reader, const std::vector<ProbeTemplate>& probes
    );
    /// Complains once when there are too many probes in all.
    bool count_probes(const Source& source, Position at, std::size_t more);
    Query read_match(const Source& source, const MapReader& reader) const;
    void check_class(const Source& source, Position at, const std::string& ci_class) const;
    /// Complains about a name that is taken, in the file that was changed.
    bool claim(const Source& source, Position at, std::string_view kind, const std::string& name);
    bool is_changed(const std::string& file) const;
    void note_secrets(
        const Source& source, const ProbeTemplate& from, const ProbeDeclaration& probe
    );
    void note_secret(const Source& source, Position at, const std::string& path);

    std::span<const ProbeSchema> types_;
    const Vocabulary* words_;
    ZoneCheck zones_;
    Watch watch_;
    std::span<const std::string> changed_;
    std::vector<std::string> files_;                                         ///< read so far
    std::map<std::string, std::unordered_map<std::string, NamedAt>> names_;  ///< by kind
    std::size_t probes_ = 0;
    std::vector<Unchecked> unchecked_;
};

}  // namespace muster::config
