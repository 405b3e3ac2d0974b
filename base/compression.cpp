#include "base/compression.hpp"

#include "base/expect.hpp"

#include <zstd.h>

#include <memory>

namespace muster {

namespace {

struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }

    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx* compressor() {
    thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
    expect(context != nullptr, "no memory for a zstd context");
    return context.get();
}

ZSTD_DCtx* decompressor() {
    thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
    expect(context != nullptr, "no memory for a zstd context");
    return context.get();
}

}  // namespace

std::string zstd_compress(std::string_view data, int level) {
    std::string frame(ZSTD_compressBound(data.size()), '\0');
    const std::size_t used = ZSTD_compressCCtx(
        compressor(), frame.data(), frame.size(), data.data(), data.size(), level
    );
    expect(ZSTD_isError(used) == 0, "zstd failed although the buffer was large enough");
    frame.resize(used);
    return frame;
}

Status zstd_decompress(std::string_view frame, std::size_t raw_size, std::string& out) {
    out.clear();
    // Both are asked before anything is allocated: the header must promise what the caller was told.
    const unsigned long long promised = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (promised != raw_size) {
        return failure(ErrorKind::corrupt, "compressed bytes do not promise the size they should");
    }
    if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) {
        return failure(ErrorKind::corrupt, "compressed bytes are not exactly one whole frame");
    }
    out.resize(raw_size);
    const std::size_t written =
        ZSTD_decompressDCtx(decompressor(), out.data(), out.size(), frame.data(), frame.size());
    if (ZSTD_isError(written) != 0 || written != raw_size) {
        out.clear();
        return failure(ErrorKind::corrupt, "compressed bytes do not decompress");
    }
    return {};
}

}  // namespace muster
