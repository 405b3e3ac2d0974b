#include "base/secret.hpp"

#include <sodium.h>

#include <utility>

namespace muster {

namespace {

constexpr std::size_t largest_secret_file = 64 << 10;

/// Also what a short string leaves behind its end after being moved from.
void wipe(std::string& value) {
    value.resize(value.capacity());
    sodium_memzero(value.data(), value.size());
    value.clear();
}

}  // namespace

Secret::Secret(std::string value) : value_(std::move(value)) {
    wipe(value);
}

Secret::~Secret() {
    wipe(value_);
}

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {
    wipe(other.value_);
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe(value_);
        value_ = std::move(other.value_);
        wipe(other.value_);
    }
    return *this;
}

Secret Secret::clone() const {
    return Secret(value_);
}

Result<Secret> read_secret_file(Files& files, const std::string& path) {
    auto content = read_file(files, path, largest_secret_file);
    if (!content) {
        return failure(content.error());
    }
    if (content->ends_with('\n')) {
        content->pop_back();
        if (content->ends_with('\r')) {
            content->pop_back();
        }
    }
    if (content->empty()) {
        return failure(
            ErrorKind::invalid, "the secret file is empty; write the secret into it", path
        );
    }
    return Secret(std::move(*content));
}

}  // namespace muster
