#include "collector/figures/process_figures.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace muster::collector {

namespace {

constexpr std::size_t largest_text = 64U << 10U;

/// Words separated by blanks, from the one after the command's name, which may itself hold blanks and brackets.
std::vector<std::string_view> words_after_name(std::string_view stat) {
    std::vector<std::string_view> words;
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string_view::npos) {
        return words;
    }
    stat.remove_prefix(name_end + 1);
    while (!stat.empty()) {
        const std::size_t start = stat.find_first_not_of(" \n");
        if (start == std::string_view::npos) {
            break;
        }
        const std::size_t end = stat.find_first_of(" \n", start);
        words.push_back(stat.substr(start, end - start));
        stat.remove_prefix(end == std::string_view::npos ? stat.size() : end);
    }
    return words;
}

std::uint64_t number_at(const std::vector<std::string_view>& words, std::size_t at) {
    std::uint64_t number = 0;
    if (at < words.size()) {
        std::from_chars(words[at].data(), words[at].data() + words[at].size(), number);
    }
    return number;
}

/// "Max open files            1024                 524288               files"
std::uint64_t most_files_of(std::string_view limits) {
    constexpr std::string_view title = "Max open files";
    const std::size_t line = limits.find(title);
    if (line == std::string_view::npos) {
        return 0;
    }
    limits.remove_prefix(line + title.size());
    limits.remove_prefix(std::min(limits.find_first_not_of(' '), limits.size()));
    std::uint64_t most = 0;
    std::from_chars(limits.data(), limits.data() + limits.size(), most);
    return most;
}

}  // namespace

ProcessFigures read_process_figures(Files& files, const std::string& folder) {
    ProcessFigures figures;
    if (const auto stat = read_file(files, folder + "/stat", largest_text); stat) {
        // Numbers of proc(5) less the two before the words here: utime 14, stime 15, num_threads 20, rss 24.
        const auto words = words_after_name(*stat);
        const std::uint64_t ticks = number_at(words, 11) + number_at(words, 12);
        figures.cpu_seconds =
            static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
        figures.threads = number_at(words, 17);
        figures.resident_bytes =
            number_at(words, 21) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
    if (const auto open = files.list(folder + "/fd"); open) {
        figures.open_files = open->size();
    }
    if (const auto limits = read_file(files, folder + "/limits", largest_text); limits) {
        figures.most_files = most_files_of(*limits);
    }
    return figures;
}

}  // namespace muster::collector
