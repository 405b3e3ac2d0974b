#include "golden.hpp"

#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace muster::collector::golden {

namespace {

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

}  // namespace

std::string folder() {
    return MUSTER_SOURCE_DIR "/tests/collector/golden";
}

std::vector<std::string> names() {
    std::vector<std::string> found;
    std::error_code problem;
    for (const auto& file : std::filesystem::directory_iterator(folder(), problem)) {
        found.push_back(file.path().filename());
    }
    std::ranges::sort(found);
    return found;
}

std::string read(const std::string& name) {
    return test::read_text(folder() + "/" + name);
}

bool is_writing() {
    const char* wish = std::getenv("MUSTER_WRITE_GOLDEN");
    return wish != nullptr && std::string_view(wish) == "1";
}

Status write(const std::string& directory, const std::string& name, const std::string& text) {
    const std::string path = directory + "/" + name;
    const std::string kept = test::read_text(path);
    if (kept == text) {
        return {};
    }
    if (!kept.empty() && first_line(kept) == first_line(text)) {
        return failure(
            ErrorKind::refused,
            "holds this version already, and what has been released never changes: make a new "
            "version",
            path
        );
    }
    std::filesystem::create_directories(directory);
    test::write_text(path, text);
    std::filesystem::permissions(path, std::filesystem::perms(0644));
    return {};
}

}  // namespace muster::collector::golden
