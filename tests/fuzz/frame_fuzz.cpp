// Owns: hostile bytes as a stream of frames, through both halves of the link.
#include "base/random.hpp"
#include "wire/frame_reader.hpp"
#include "wire/link_client.hpp"
#include "wire/link_server.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace {

using namespace muster;
using namespace muster::wire;

constexpr WallTime wall = wall_from_ns(1'700'000'000'000'000'000);
constexpr MonoTime start = mono_from_ns(1'000'000'000'000);

std::vector<proto::Frame> frames_in(std::span<const std::uint8_t> data) {
    FrameReader reader(max_frame_bytes_before_hello);
    std::vector<proto::Frame> frames;
    while (!data.empty()) {
        const std::span<char> space = reader.space();
        const std::size_t count = std::min(space.size(), data.size());
        std::memcpy(space.data(), data.data(), count);
        reader.add(count);
        data = data.subspan(count);
        for (;;) {
            auto taken = reader.next();
            if (!taken) {
                return frames;
            }
            if (!taken->has_value()) {
                break;
            }
            frames.push_back(std::move((*taken)->frame));
        }
    }
    return frames;
}

void to_server(const std::vector<proto::Frame>& frames) {
    LinkServer server({}, start);
    for (const proto::Frame& frame : frames) {
        for (const ServerAction& action : server.on_frame(start, wall, frame)) {
            if (std::holds_alternative<server_action::Greeted>(action)) {
                server.welcome(wall, {}, 0);
            } else if (const auto* append = std::get_if<server_action::Append>(&action)) {
                server.committed({append->spool, append->first_seq + append->records.size() - 1});
            }
        }
    }
}

void to_client(const std::vector<proto::Frame>& frames) {
    SeededRandom random(1);
    Uuid id;
    id.bytes.fill(1);
    LinkClient client({}, {}, {{.spool = SpoolId{id}}}, random, start);
    client.on_time(start, wall);
    client.on_connected(start, wall);
    for (const proto::Frame& frame : frames) {
        client.on_frame(start, wall, frame);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<proto::Frame> frames = frames_in({data, size});
    to_server(frames);
    to_client(frames);
    return 0;
}
