// Owns: hostile frames of every kind at links that are live, of both sides. What the collector takes it must be able to read again.
//   repeated: u8 kind | u16 little-endian length | the message of that kind
#include "base/expect.hpp"
#include "base/log.hpp"
#include "base/memory_files.hpp"
#include "base/random.hpp"
#include "collector/intake/intake.hpp"
#include "wire/frames.hpp"
#include "wire/link_client.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace {

using namespace muster;
using namespace muster::collector;

constexpr WallTime wall = wall_from_ns(1'700'000'000'000'000'000);
constexpr MonoTime start = mono_from_ns(1'000'000'000'000);
constexpr unsigned kinds = 16;

const AgentId agent{Uuid::named("agent")};
const SpoolId spool{Uuid::named("spool")};

wire::proto::Frame hello() {
    wire::proto::Frame frame;
    auto& body = *frame.mutable_hello();
    body.set_protocol(1);
    body.set_instance_nonce(std::string(16, 'n'));
    body.set_boot_id(std::string(16, 'b'));
    body.add_streams()->set_spool_id(std::string(spool.raw()));
    return frame;
}

/// A frame of this kind with these bytes as its message, read as it comes off the wire.
std::optional<wire::proto::Frame> frame_of(unsigned kind, std::string_view body) {
    std::string message;
    std::uint64_t tag = kind << 3U | 2U;
    for (std::uint64_t number : {tag, std::uint64_t{body.size()}}) {
        for (; number >= 0x80; number >>= 7U) {
            message += static_cast<char>(number | 0x80U);
        }
        message += static_cast<char>(number);
    }
    message += body;
    wire::proto::Frame parsed;
    if (!parsed.ParseFromString(message)) {
        return std::nullopt;
    }
    std::uint64_t raw = parsed.has_batch() ? 0 : message.size();
    for (const wire::proto::Record& record : parsed.batch().records()) {
        raw += record.raw_size();
    }
    const wire::FrameHeader header{
        static_cast<std::uint32_t>(message.size()),
        static_cast<std::uint32_t>(std::min<std::uint64_t>(raw, wire::max_raw_bytes))
    };
    auto frame = wire::parse_frame(header, message);
    return frame ? std::optional(std::move(*frame)) : std::nullopt;
}

class CollectorSide {
  public:
    CollectorSide() {
        IssuedAssignments issued;
        issued.agent = agent;
        issued.epoch = 1;
        issued.dense_count = 10;
        issued.items = std::make_shared<AssignmentList>();
        intake_.on_issued(std::move(issued));
    }

    void take(const wire::proto::Frame& frame) {
        if (intake_.sessions() == 0) {
            session_ = intake_.open_session(agent, "192.0.2.1:1", now_).first;
            intake_.on_frame(session_, now_, wall, hello());
        }
        now_ += std::chrono::milliseconds(30);
        intake_.on_frame(session_, now_, wall, frame);
        expect(intake_.hold_back(session_, now_) <= std::chrono::seconds(1), "a pause ends");
        while (auto group = intake_.take_group(now_)) {
            for (Pending& pending : group->pending) {
                if (pending.kind == EntryKind::batch) {
                    check(pending.batch);
                }
            }
            intake_.on_appended(group->id, std::vector<AgentCursor>{});
        }
    }

  private:
    static void check(const BatchGroup& batch) {
        const auto again = decode_batch_body(batch.entry.SerializeAsString());
        expect(again.has_value(), "what was taken can be read again");
        expect(again->size() == batch.decoded.size(), "all of it");
        for (std::size_t i = 0; i < again->size(); ++i) {
            const DecodedBatch& one = (*again)[i];
            const DecodedBatch& other = batch.decoded[i];
            expect(
                one.seq == other.seq && one.wall == other.wall && one.lost == other.lost &&
                    one.results.probe == other.results.probe &&
                    one.results.time_ms == other.results.time_ms &&
                    one.gap.has_value() == other.gap.has_value(),
                "as it was understood the first time"
            );
        }
    }

    MemoryFiles files_;
    MonoTime now_ = start;
    Intake intake_{IntakeOptions{}, {}, files_, start};
    SessionId session_ = 0;
};

class AgentSide {
  public:
    AgentSide() { greet(); }

    void take(const wire::proto::Frame& frame) {
        if (!client_.is_live()) {
            greet();
        }
        now_ += std::chrono::milliseconds(30);
        for (const wire::LinkAction& action : client_.on_frame(now_, wall, frame)) {
            if (const auto* apply = std::get_if<wire::link_action::Apply>(&action)) {
                client_.on_applied(apply->epoch, {});
            }
        }
    }

  private:
    void greet() {
        now_ = std::max(now_, client_.next_wake() == MonoTime::max() ? now_ : client_.next_wake());
        client_.on_time(now_, wall);
        client_.on_connected(now_, wall);
        wire::proto::Frame welcome;
        welcome.mutable_welcome()->add_streams()->set_spool_id(std::string(spool.raw()));
        welcome.mutable_welcome()->set_credit_bytes(1U << 20U);
        client_.on_frame(now_, wall, welcome);
    }

    SeededRandom random_{1};
    MonoTime now_ = start;
    wire::LinkClient client_{{}, {}, {{.spool = spool}}, random_, start};
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments);

extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
    configure_log(LogFormat::text, LogLevel::error);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t head = 3;
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    CollectorSide collector;
    AgentSide client;
    while (bytes.size() >= head) {
        const unsigned kind = static_cast<unsigned char>(bytes[0]) % kinds;
        const std::size_t length = static_cast<unsigned char>(bytes[1]) |
                                   static_cast<std::size_t>(static_cast<unsigned char>(bytes[2]))
                                       << 8U;
        bytes.remove_prefix(head);
        const std::string_view body = bytes.substr(0, length);
        bytes.remove_prefix(body.size());
        if (const auto frame = kind == 0 ? std::nullopt : frame_of(kind, body)) {
            collector.take(*frame);
            client.take(*frame);
        }
    }
    return 0;
}
