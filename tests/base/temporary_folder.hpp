// Owns: a folder that is gone when the test is over.
#pragma once

#include <filesystem>
#include <stdlib.h>
#include <string>

namespace muster {

/// A fresh folder under the system's temporary folder; removed with its content on destruction.
class TemporaryFolder {
  public:
    TemporaryFolder() : path_(std::filesystem::temp_directory_path() / "muster-test-XXXXXX") {
        // An empty path makes every use of it fail visibly.
        path_ = ::mkdtemp(path_.data()) == nullptr ? "" : path_;
    }

    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const { return path_; }

    std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

}  // namespace muster
