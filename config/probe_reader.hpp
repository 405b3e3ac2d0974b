// Owns: one entry of `probes:` and its repetition by `each:`. Leaves to watch_reader.hpp: what it belongs to.
#pragma once

#include "config/reader.hpp"
#include "config/watch.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::config {

/// `each: 1..250000`, both ends included.
struct Range {
    std::uint32_t first = 1;
    std::uint32_t last = 1;

    std::size_t size() const { return std::size_t{last} - first + 1; }
};

/// A range of at most 1,000,000 numbers; nothing where the key is absent or wrong.
std::optional<Range> read_range(
    const Source& source, const MapReader& reader, std::string_view key
);

/// Every "{n}" in `text` replaced by `number`.
void put_number(std::string& text, std::uint32_t number);

/// An entry of `probes:` as written: checked once, however often it is repeated.
struct ProbeTemplate {
    /// An option whose text holds "{n}" and can only be checked once the number is known.
    struct Open {
        const ParamSpec* spec;
        std::string text;
        Position at;
    };

    ProbeDeclaration probe;
    std::vector<Open> open;
    std::optional<Range> each;                   ///< its own
    Position at;                                 ///< of its name, or of the entry
    std::map<std::string, Position> secrets_at;  ///< by option: of its {file: …}
};

/// own: the probe may have an `each:` of its own. outer: its target has one.
enum class Repeats { own, outer };

class ProbeReader {
  public:
    ProbeReader(const Source& source, std::span<const ProbeSchema> types)
        : source_(source), types_(types) {}

    /// All entries; wrong ones are left out and reported. Names are filled in.
    std::vector<ProbeTemplate> read(const std::vector<YamlNode>& entries, Repeats repeats) const;

    /// The probe with its number in; reports an option that the number makes wrong and says so by nothing.
    std::optional<ProbeDeclaration> numbered(const ProbeTemplate& probe, std::uint32_t number)
        const;

    /// Whether the probe says itself where it goes, by an option of kind url.
    bool has_url(const ProbeDeclaration& probe) const;

  private:
    std::optional<ProbeTemplate> read_one(const YamlNode& node, Repeats repeats) const;
    const ProbeSchema* find_type(std::string_view name) const;
    void read_options(
        const ProbeSchema& type, const std::string& prefix, const YamlNode& map, ProbeTemplate& into
    ) const;
    void read_option(const ParamSpec& spec, const YamlNode& node, ProbeTemplate& into) const;
    void fill_in(const ProbeSchema& type, const YamlNode& node, ProbeTemplate& into) const;

    const Source& source_;
    std::span<const ProbeSchema> types_;
};

}  // namespace muster::config
