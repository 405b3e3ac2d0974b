#include "agent/discovery/root.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::size_t most_names = 100'000;
constexpr std::size_t longest_line = 1024;
constexpr std::size_t step = 64U << 10U;
constexpr std::string_view space = " \t\r\n\v\f";

Failure failed(std::string_view path, int number) {
    const bool absent = number == ENOENT || number == ENOTDIR || number == ESRCH;
    const bool denied = number == EACCES || number == EPERM;
    return failure(
        absent   ? ErrorKind::not_found
        : denied ? ErrorKind::refused
                 : ErrorKind::io,
        absent   ? "is not there"
        : denied ? "may not be read"
                 : "cannot be read",
        std::string(path)
    );
}

/// Closes when it goes.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}

    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int number() const { return number_; }

  private:
    int number_;
};

}  // namespace

Root::Root(std::string path) : path_(std::move(path)) {
    while (path_.ends_with('/')) {
        path_.pop_back();
    }
}

std::string Root::at(std::string_view path) const {
    return path_ + std::string(path);
}

Result<std::string> Root::read(std::string_view path, std::size_t limit) const {
    const Descriptor file(::open(at(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (file.number() < 0) {
        return failed(path, errno);
    }
    // Files of /proc and /sys have no size: read until they end.
    std::string text;
    while (text.size() < limit) {
        const std::size_t had = text.size();
        text.resize(std::min(limit, had + step));
        const ssize_t got = ::read(file.number(), text.data() + had, text.size() - had);
        if (got < 0 && errno == EINTR) {
            text.resize(had);
            continue;
        }
        if (got < 0) {
            return failed(path, errno);
        }
        text.resize(had + static_cast<std::size_t>(got));
        if (got == 0) {
            break;
        }
    }
    return text;
}

std::string Root::line(std::string_view path) const {
    const auto text = read(path, 4 * longest_line);
    if (!text) {
        return {};
    }
    std::string_view rest = *text;
    const std::string_view first = next_line(rest);
    // Device trees end their texts with a zero.
    return printable(trimmed(first.substr(0, first.find('\0'))), longest_line);
}

Result<std::vector<std::string>> Root::list(std::string_view path) const {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(at(path).c_str()), &::closedir);
    if (!folder) {
        return failed(path, errno);
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != ".." && names.size() < most_names) {
            names.emplace_back(name);
        }
    }
    std::ranges::sort(names);
    return names;
}

std::string Root::link(std::string_view path) const {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlink(at(path).c_str(), target.data(), target.size());
    return length > 0 ? std::string(target.data(), static_cast<std::size_t>(length)) : "";
}

bool Root::exists(std::string_view path) const {
    return ::access(at(path).c_str(), F_OK) == 0;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(space);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

std::string_view next_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

std::string_view field_of(std::string_view text, std::string_view name, char separator) {
    while (!text.empty()) {
        std::string_view line = next_line(text);
        if (!line.starts_with(name)) {
            continue;
        }
        line = trimmed(line.substr(name.size()));
        if (line.starts_with(separator)) {
            return trimmed(line.substr(1));
        }
    }
    return {};
}

}  // namespace muster::agent
