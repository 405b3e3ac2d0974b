// Owns: what the simulator itself needs and must get.
#pragma once

#include "base/expect.hpp"
#include "base/result.hpp"

#include <string>
#include <utility>

namespace muster::test {

template <class T>
T must(Result<T> result, const char* why) {
    if (!result) {
        expect(false, std::string(why) + ": " + result.error().text());
    }
    return std::move(*result);
}

inline void must(const Status& status, const char* why) {
    if (!status) {
        expect(false, std::string(why) + ": " + status.error().text());
    }
}

}  // namespace muster::test
