// Owns: JSON Schemas of the files, for editors and other programs, from the tables by which the files are read. Leaves to the
// readers: what no schema says (names that differ, one key that needs another); they are stricter.
#pragma once

#include "config/param_spec.hpp"

#include <span>
#include <string>
#include <string_view>

namespace muster::config {

/// A file that has a schema: docs/schema/<name>.json.
struct SchemaFile {
    std::string_view name;   ///< "collector"
    std::string_view title;  ///< "collector.yaml", a title of schema_sections()
};

std::span<const SchemaFile> schema_files();

/// JSON Schema draft 7, pretty, for `file` of schema_files(). Options of probes are those of `probe_types`.
std::string json_schema(const SchemaFile& file, std::span<const ProbeSchema> probe_types);

}  // namespace muster::config
