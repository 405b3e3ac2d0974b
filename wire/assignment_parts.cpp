#include "wire/assignment_parts.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace muster::wire {

namespace {

constexpr std::uint32_t most_parts = 65'536;

}  // namespace

Result<std::optional<proto::Assignments>> AssignmentParts::add(proto::Assignments part) {
    const bool is_first = part.part() == 0;
    const bool follows = !is_first && partial_.parts() == part.parts() &&
                         partial_.epoch() == part.epoch() && partial_.part() + 1 == part.part();
    const bool is_sane =
        part.parts() >= 1 && part.parts() <= most_parts && part.part() < part.parts();
    if (!is_sane || !(is_first || follows)) {
        return failure(ErrorKind::corrupt, "the collector sent parts of assignments out of order");
    }
    if (is_first) {
        partial_ = std::move(part);
    } else {
        partial_.set_part(part.part());
        for (proto::Assignment& item : *part.mutable_items()) {
            *partial_.add_items() = std::move(item);
        }
    }
    if (static_cast<std::size_t>(partial_.items_size()) > most_) {
        return failure(ErrorKind::full, "more assignments than " + std::to_string(most_));
    }
    if (partial_.part() + 1 < partial_.parts()) {
        return std::nullopt;
    }
    return std::exchange(partial_, {});
}

}  // namespace muster::wire
