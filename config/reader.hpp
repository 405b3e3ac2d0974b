// Owns: reading one map of a file by its table of keys. Leaves to schema.hpp: the tables.
#pragma once

#include "base/time.hpp"
#include "config/schema.hpp"
#include "config/yaml.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace muster::config {

/// Where a tree came from and where its errors go.
struct Source {
    std::string file;
    Issues& issues;

    void wrong(Position at, std::string_view what) const { issues.add(file, at, what); }
};

/// unknown_keys_refused: the table is all there is. unknown_keys_left: the caller looks at the rest.
enum class Strictness { unknown_keys_refused, unknown_keys_left };

/// Reads the values of one map. Every `read` leaves its target alone when the key is absent or wrong; what is wrong is in the
/// issues. The node and the source outlive the reader.
class MapReader {
  public:
    /// Complains about a node that is not a map, unknown keys and missing required ones. A null node is an empty map.
    MapReader(
        const Source& source,
        const YamlNode& node,
        std::span<const KeySpec> keys,
        Strictness strictness = Strictness::unknown_keys_refused
    );

    /// text, name, address, url, path, choice, query; for secret the path of its file.
    void read(std::string_view key, std::string& into) const;
    void read(std::string_view key, bool& into) const;
    void read(std::string_view key, std::uint32_t& into) const;
    void read(std::string_view key, std::uint64_t& into) const;  ///< sizes
    void read(std::string_view key, Duration& into) const;
    void read(std::string_view key, std::map<std::string, std::string>& into) const;
    void read(std::string_view key, std::vector<std::string>& into) const;

    /// numbers: the written number times 10^6, exact; more than six decimals are wrong
    void read_millionths(std::string_view key, std::int64_t& into) const;

    /// The node of a key as it stands, or null.
    const YamlNode* find(std::string_view key) const;
    /// The node of a key of kind map; where absent or wrong an empty one.
    const YamlNode& section(std::string_view key) const;
    /// The elements of a list of maps; empty where absent or wrong.
    const std::vector<YamlNode>& list(std::string_view key) const;

    bool has(std::string_view key) const { return find(key) != nullptr; }

    /// The place of a key's value, of the map where it is absent.
    Position at(std::string_view key) const;

  private:
    const KeySpec& spec(std::string_view key) const;
    /// The scalar text of a key, or null; complains about lists and maps.
    const YamlNode* scalar(std::string_view key) const;
    void wrong(const KeySpec& key, const YamlNode& node) const;
    void check_known() const;

    const Source& source_;
    const YamlNode& node_;
    std::span<const KeySpec> keys_;
};

/// Reads `{file: /path}` into the path. Anything else is an issue that says that a secret is never written down.
void read_secret_path(const Source& source, const YamlNode& node, std::string& into);

/// The message for a key nobody knows: the nearest known one, or all of them.
std::string unknown_key(std::string_view given, const std::vector<std::string_view>& known);

}  // namespace muster::config
