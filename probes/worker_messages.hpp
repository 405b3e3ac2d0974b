// Owns: runs and answers as messages (worker.proto) and back. Both ends use it.
#pragma once

#include "base/result.hpp"
#include "probes/probe_type.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace muster::probes {

struct RunMessage {
    std::uint64_t id = 0;
    std::string type;
    ProbeRequest request;
    Duration left{};  ///< from the moment it is received to the deadline of the run
};

struct CancelMessage {
    std::uint64_t id = 0;
};

struct AnswerMessage {
    std::uint64_t id = 0;  ///< 0: no answer, the worker is ready for its first run
    Outcome outcome;
    std::string redirect;
    std::uint64_t resident_bytes = 0;  ///< memory of the worker
};

std::string encode_run(const RunMessage& run);
std::string encode_cancel(const CancelMessage& cancel);
std::string encode_answer(const AnswerMessage& answer);
std::string encode_ready();

/// `corrupt` where the bytes are neither.
Result<std::variant<RunMessage, CancelMessage>> decode_to_worker(std::string_view bytes);
/// Hostile bytes: a worker may have been taken over. `corrupt` where the state is none, texts pass 1 KiB (the redirect 8 KiB) or
/// there are more than 64 values; texts are made printable.
Result<AnswerMessage> decode_from_worker(std::string_view bytes);

}  // namespace muster::probes
