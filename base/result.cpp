#include "base/result.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace muster {

std::string_view to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::invalid:
            return "invalid";
        case ErrorKind::not_found:
            return "not_found";
        case ErrorKind::refused:
            return "refused";
        case ErrorKind::timeout:
            return "timeout";
        case ErrorKind::unavailable:
            return "unavailable";
        case ErrorKind::corrupt:
            return "corrupt";
        case ErrorKind::full:
            return "full";
        case ErrorKind::io:
            return "io";
        case ErrorKind::conflict:
            return "conflict";
        case ErrorKind::closed:
            return "closed";
        case ErrorKind::internal:
            return "internal";
    }
    return "internal";
}

Error::Error(ErrorKind kind, std::string what, std::string context)
    : kind_(kind), what_(std::move(what)), context_(std::move(context)) {}

std::string Error::text() const {
    if (context_.empty()) {
        return what_;
    }
    return context_ + ": " + what_;
}

Error Error::in(std::string_view outer) const {
    if (outer.empty()) {
        return *this;
    }
    std::string context(outer);
    if (!context_.empty()) {
        context += ": ";
        context += context_;
    }
    return {kind_, what_, std::move(context)};
}

Failure failure(ErrorKind kind, std::string what, std::string context) {
    return Failure(Error(kind, std::move(what), std::move(context)));
}

Failure failure(const Error& inner, std::string_view outer) {
    return Failure(inner.in(outer));
}

Failure system_failure(std::string_view what, int error_number, std::string context) {
    const bool out_of_space = error_number == ENOSPC || error_number == EDQUOT;
    std::string text(what);
    text += ": ";
    text += std::generic_category().message(error_number);
    return failure(
        out_of_space ? ErrorKind::full : ErrorKind::io, std::move(text), std::move(context)
    );
}

}  // namespace muster
