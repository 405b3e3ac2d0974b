#include "tests/support/temp_dir.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace muster::test {

TempDir::TempDir() : TempDir(std::filesystem::temp_directory_path()) {}

TempDir::TempDir(const std::string& root) {
    std::string pattern = root + "/muster-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        pattern = std::filesystem::temp_directory_path() / "muster-test-XXXXXX";
        pattern = ::mkdtemp(pattern.data());
    }
    path_ = pattern;
}

TempDir::~TempDir() {
    if (std::getenv("MUSTER_TEST_KEEP") == nullptr) {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
}

void write_text(const std::string& path, const std::string& text) {
    const std::string part = path + ".part";
    std::ofstream(part, std::ios::binary | std::ios::trunc) << text;
    ::chmod(part.c_str(), 0600);
    std::rename(part.c_str(), path.c_str());
}

std::string read_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

}  // namespace muster::test
