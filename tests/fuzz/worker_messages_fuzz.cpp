// Owns: hostile bytes from a probe worker, which may have been taken over, and to one. What decodes keeps its bounds.
#include "base/expect.hpp"
#include "probes/worker_messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace muster;
    using namespace muster::probes;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    (void)decode_to_worker(bytes);
    const auto answer = decode_from_worker(bytes);
    if (answer) {
        expect(answer->outcome.values.size() <= 64, "values are bounded");
        expect(decode_from_worker(encode_answer(*answer)).has_value(), "an answer can be sent on");
    }
    return 0;
}
