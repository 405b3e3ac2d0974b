#include "config/issues.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace muster::config {

namespace {

constexpr std::size_t kept_issues = 1000;
constexpr std::size_t shown_issues = 20;

}  // namespace

void Issues::add(std::string_view file, Position at, std::string_view what) {
    if (found_.size() >= kept_issues) {
        ++left_out_;
        return;
    }
    found_.push_back({std::string(file), at, printable(what)});
}

void Issues::add_file(std::string_view file, std::string_view what) {
    add(file, Position{0, 0}, what);
}

Error Issues::error() const {
    std::map<std::string, std::size_t> file_order;
    for (const Issue& issue : found_) {
        file_order.emplace(issue.file, file_order.size());
    }
    std::vector<const Issue*> sorted;
    sorted.reserve(found_.size());
    for (const Issue& issue : found_) {
        sorted.push_back(&issue);
    }
    std::sort(sorted.begin(), sorted.end(), [&](const Issue* a, const Issue* b) {
        const auto key = [&](const Issue* issue) {
            return std::tuple(file_order.at(issue->file), issue->at.line, issue->at.column, issue);
        };
        return key(a) < key(b);
    });
    std::string text;
    for (std::size_t i = 0; i < std::min(sorted.size(), shown_issues); ++i) {
        const Issue& issue = *sorted[i];
        if (!text.empty()) {
            text += '\n';
        }
        text += issue.at.line == 0
                    ? fmt::format("{}: {}", issue.file, issue.what)
                    : fmt::format(
                          "{}:{}:{}: {}", issue.file, issue.at.line, issue.at.column, issue.what
                      );
    }
    const std::size_t more =
        left_out_ + (sorted.size() > shown_issues ? sorted.size() - shown_issues : 0);
    if (more > 0) {
        text += fmt::format("\nand {} more", more);
    }
    return {ErrorKind::invalid, text};
}

}  // namespace muster::config
