// Owns: hostile bytes as the parts of a history block, behind its checksums. What decodes must survive encoding.
//   byte 0: samples | byte 1: metrics | u8 length of part 0 | part 0 | u8 length of part 1 | part 1 | part 2
#include "base/expect.hpp"
#include "collector/history/block_codec.hpp"

#include <algorithm>

namespace {

using namespace muster;
using namespace muster::collector;

/// The next part; the last takes all that is left.
std::string_view cut(std::string_view& bytes) {
    const std::size_t most = bytes.empty() ? 0 : bytes.size() - 1;
    const std::size_t length =
        bytes.empty() ? 0 : std::min<std::size_t>(static_cast<unsigned char>(bytes[0]), most);
    const std::string_view part = bytes.substr(bytes.empty() ? 0 : 1, length);
    bytes.remove_prefix(bytes.empty() ? 0 : 1 + length);
    return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) {
        return 0;
    }
    const std::uint32_t samples = data[0];
    const std::uint32_t metrics = data[1] % 4U;
    std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    Chunk chunk;
    if (!decode_times(cut(bytes), samples, metrics, chunk)) {
        return 0;
    }
    expect(chunk.time_ms.size() == samples, "as many times as were told");
    if (!decode_states(cut(bytes), chunk) || (metrics > 0 && !decode_values(bytes, 0, chunk))) {
        return 0;
    }
    const ChunkSlice all{.chunk = &chunk, .first = 0, .last = chunk.series.size()};
    Chunk again;
    expect(
        decode_times(encode_times(all), samples, metrics, again).has_value() &&
            decode_states(encode_states(all), again).has_value(),
        "what was decoded can be stored"
    );
    expect(again.series == chunk.series && again.time_ms == chunk.time_ms, "times come back");
    expect(again.state == chunk.state, "states come back");
    return 0;
}
