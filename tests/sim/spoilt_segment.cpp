#include "tests/sim/spoilt_segment.hpp"

#include "agent/spool_files.hpp"
#include "agent/spool_segment.hpp"
#include "tests/sim/must.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::test {
namespace {

constexpr const char* spools = "/state/spool";

struct Place {
    std::string path;
    std::uint32_t seed = 0;
    agent::FoundRecord record;
};

std::vector<Place> find_records(PowerCutFiles& disk) {
    std::vector<Place> places;
    for (const std::string& name : disk.list(spools).value_or(std::vector<std::string>{})) {
        const auto folder = agent::spool_folder_of(name);
        const std::string dir = std::string(spools) + "/" + name;
        if (!folder) {
            continue;
        }
        const std::uint32_t seed = agent::checksum_seed(folder->id);
        for (const std::string& segment : must(disk.list(dir), "a folder")) {
            const auto first_seq = agent::first_seq_of(segment);
            if (!first_seq) {
                continue;
            }
            const std::string path = dir + "/" + segment;
            const std::string content = must(agent::read_spoilt_file(disk, path), "a segment");
            for (const auto& found : agent::scan_segment(content, seed, *first_seq).records) {
                if (found.is_whole && found.head.kind == wire::RecordKind::results) {
                    places.push_back({path, seed, found});
                }
            }
        }
    }
    return places;
}

}  // namespace

bool spoil_with_checksum(PowerCutFiles& disk, Random& random) {
    const std::vector<Place> places = find_records(disk);
    if (places.empty()) {
        return false;
    }
    const Place& place = places[random.below(places.size())];
    std::string content = must(agent::read_spoilt_file(disk, place.path), "a segment");
    const std::size_t at = place.record.offset;
    auto spoilt = must(
        agent::decode_record(std::string_view(content).substr(at), place.seed), "a whole record"
    );
    char& byte = spoilt.record.payload[random.below(spoilt.record.payload.size())];
    byte = static_cast<char>(byte ^ (1 << random.below(8)));
    const std::string bytes =
        agent::encode_record_head(spoilt.seq, spoilt.results_before, spoilt.record, place.seed) +
        spoilt.record.payload;
    content.replace(at, bytes.size(), bytes);
    const auto file = must(disk.open(place.path, OpenMode::append), "a segment");
    return file->truncate(0).has_value() && file->append(content).has_value() &&
           file->sync().has_value();
}

}  // namespace muster::test
