// Owns: a folder of one test, removed with it.
#pragma once

#include <string>

namespace muster::test {

class TempDir {
  public:
    /// Below the system's temporary folder.
    TempDir();
    /// Below `root`, where that can be; else as above.
    explicit TempDir(const std::string& root);
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::string& path() const { return path_; }

    /// Joins with "/".
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

/// At once: who reads it meanwhile, or after a kill, finds the old text or the new.
void write_text(const std::string& path, const std::string& text);
/// Empty where the file does not exist.
std::string read_text(const std::string& path);

}  // namespace muster::test
