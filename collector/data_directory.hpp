// Owns: the collector's folder: that it exists, can be written, and belongs to one running collector.
#pragma once

#include "base/files.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>

namespace muster::collector {

/// Holds a lock on `path`/lock until it is destroyed (or the process dies).
class DataDirectory {
  public:
    /// The error names the remedy: another folder, other rights, or the collector that runs there already.
    static Result<DataDirectory> open(Files& files, const std::string& path);
    DataDirectory(DataDirectory&& other) noexcept;
    DataDirectory& operator=(DataDirectory&& other) noexcept;
    ~DataDirectory();

    const std::string& path() const { return path_; }

    /// A UUID as text: which of all collectors in the world this is. Made at the first call ever.
    Result<std::string> installation(Files& files, Random& random) const;

    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  private:
    DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

    std::string path_;
    int lock_;
};

}  // namespace muster::collector
