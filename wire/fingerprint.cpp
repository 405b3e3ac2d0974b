#include "wire/fingerprint.hpp"

#include "base/bytes.hpp"
#include "base/crypto.hpp"

#include <algorithm>

namespace muster::wire {

std::uint64_t fingerprint(const Record& record) {
    std::string facts;
    facts.reserve(40);
    facts.push_back(static_cast<char>(record.kind));
    facts.push_back(static_cast<char>(record.drop_class));
    put_u32(facts, record.count);
    put_u32(facts, record.span);
    put_u64(facts, static_cast<std::uint64_t>(to_ns(record.wall)));
    put_u64(facts, static_cast<std::uint64_t>(to_ns(record.mono)));
    put_u32(facts, record.raw_size);
    put_u32(facts, crc32c(record.payload));
    return std::max<std::uint64_t>(1, load_u64(sha256(facts).data()));
}

}  // namespace muster::wire
