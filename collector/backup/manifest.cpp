#include "collector/backup/manifest.hpp"

#include <boost/json.hpp>

#include <numeric>

namespace muster::collector {

namespace json = boost::json;

namespace {

constexpr std::size_t largest_manifest = 64U << 20U;

json::object file_json(const BackupFile& file) {
    json::object object{{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}};
    if (!file.rows.empty()) {
        json::object rows;
        for (const auto& [table, count] : file.rows) {
            rows[table] = count;
        }
        object["rows"] = std::move(rows);
    }
    return object;
}

/// A path of ours stays below the folder: a manifest may come from anywhere.
bool stays_below(std::string_view path) {
    return !path.empty() && path.front() != '/' && path.find("..") == std::string_view::npos;
}

BackupFile file_of(const json::value& value) {
    const json::object& object = value.as_object();
    BackupFile file{
        .path = json::value_to<std::string>(object.at("path")),
        .bytes = object.at("bytes").to_number<std::uint64_t>(),
        .sha256 = json::value_to<std::string>(object.at("sha256")),
        .rows = {}
    };
    if (!stays_below(file.path)) {
        throw std::invalid_argument("a path leaves the folder");
    }
    if (const json::value* rows = object.if_contains("rows")) {
        for (const auto& [table, count] : rows->as_object()) {
            file.rows[table] = count.to_number<std::int64_t>();
        }
    }
    return file;
}

Manifest manifest_of(const json::object& object) {
    Manifest manifest;
    manifest.version = json::value_to<std::string>(object.at("version"));
    manifest.installation = json::value_to<std::string>(object.at("installation"));
    if (const json::value* number = object.if_contains("number")) {
        manifest.number = number->to_number<std::uint64_t>();
    }
    const auto made = parse_rfc3339(json::value_to<std::string>(object.at("made")));
    if (!made) {
        throw std::invalid_argument("\"made\" is no time");
    }
    manifest.made = *made;
    const json::object& lsn = object.at("lsn").as_object();
    manifest.first = lsn.at("first").to_number<Lsn>();
    manifest.last = lsn.at("last").to_number<Lsn>();
    manifest.state = lsn.at("state").to_number<Lsn>();
    manifest.history = lsn.at("history").to_number<Lsn>();
    for (const json::value& file : object.at("files").as_array()) {
        manifest.files.push_back(file_of(file));
    }
    return manifest;
}

}  // namespace

std::uint64_t Manifest::bytes() const {
    return std::accumulate(
        files.begin(),
        files.end(),
        std::uint64_t{0},
        [](std::uint64_t sum, const BackupFile& file) { return sum + file.bytes; }
    );
}

std::string to_json_text(const Manifest& manifest) {
    json::array files;
    for (const BackupFile& file : manifest.files) {
        files.push_back(file_json(file));
    }
    const json::object object{
        {"format", manifest_format},
        {"version", manifest.version},
        {"installation", manifest.installation},
        {"number", manifest.number},
        {"made", format_rfc3339(manifest.made)},
        {"lsn",
         {{"first", manifest.first},
          {"last", manifest.last},
          {"state", manifest.state},
          {"history", manifest.history}}},
        {"files", std::move(files)}
    };
    return json::serialize(object) + "\n";
}

Result<Manifest> read_manifest(Files& files, const std::string& folder) {
    const std::string path = folder + "/" + std::string(manifest_name);
    const auto text = read_file(files, path, largest_manifest);
    if (!text) {
        return failure(text.error());
    }
    try {
        const json::value value = json::parse(*text);
        const auto format = value.as_object().at("format").to_number<std::int64_t>();
        if (format != manifest_format) {
            return failure(
                ErrorKind::invalid,
                "the backup has format " + std::to_string(format) + ", this version knows " +
                    std::to_string(manifest_format) + "; use the version that made it",
                path
            );
        }
        return manifest_of(value.as_object());
    } catch (const std::exception& wrong) {
        return failure(
            ErrorKind::corrupt,
            std::string("the manifest cannot be read (") + wrong.what() + "); take another backup",
            path
        );
    }
}

}  // namespace muster::collector
