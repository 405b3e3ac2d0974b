#include "base/base64.hpp"

#include "base/sodium.hpp"

#include <sodium.h>

namespace muster {

std::string to_base64(std::string_view bytes) {
    start_sodium();
    constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
    std::string out(sodium_base64_encoded_len(bytes.size(), variant), '\0');
    sodium_bin2base64(
        out.data(),
        out.size(),
        reinterpret_cast<const unsigned char*>(bytes.data()),
        bytes.size(),
        variant
    );
    out.pop_back();  // the terminator it writes
    return out;
}

}  // namespace muster
