#include "tests/support/sim_files.hpp"

#include <cstdio>
#include <filesystem>
#include <utility>

namespace muster::test {

namespace {

constexpr std::size_t whole = std::size_t{1} << 30U;

}  // namespace

class SimFile final : public File {
  public:
    SimFile(std::unique_ptr<File> real, SimFiles& disk, std::string path)
        : real_(std::move(real)), disk_(&disk), path_(std::move(path)) {}

    Status append(std::string_view data) override {
        if (auto trouble = disk_->trouble(SimFiles::Call::append)) {
            if (disk_->fault_ == DiskFault::short_write) {
                static_cast<void>(real_->append(data.substr(0, data.size() / 2)));
            }
            return failure(*trouble);
        }
        return real_->append(data);
    }

    Result<std::string> read(std::uint64_t offset, std::size_t limit) override {
        return real_->read(offset, limit);
    }

    Status sync() override {
        if (auto trouble = disk_->trouble(SimFiles::Call::sync)) {
            return failure(*trouble);
        }
        disk_->synced_.erase(path_);
        return {};
    }

    Status truncate(std::uint64_t size) override { return real_->truncate(size); }

    Result<std::uint64_t> size() override { return real_->size(); }

  private:
    std::unique_ptr<File> real_;
    SimFiles* disk_;
    std::string path_;
};

SimFiles::SimFiles(const SimVfs& vfs, std::uint64_t seed) : vfs_(vfs), random_(seed) {}

void SimFiles::fail_at(DiskFault fault, std::uint64_t nth) {
    fault_ = fault;
    fault_in_ = nth;
    has_failed_ = false;
}

std::optional<Error> SimFiles::trouble(Call call) {
    if (!vfs_.is_on()) {
        return Error(ErrorKind::io, "the power is gone");
    }
    const bool is_append = call == Call::append;
    const bool can_hit =
        fault_ == DiskFault::io || (fault_ == DiskFault::sync && call == Call::sync) ||
        ((fault_ == DiskFault::full || fault_ == DiskFault::short_write) && is_append);
    if (!can_hit || fault_in_ == 0 || --fault_in_ > 0) {
        return std::nullopt;
    }
    has_failed_ = true;
    return fault_ == DiskFault::io || fault_ == DiskFault::sync
               ? Error(ErrorKind::io, "input/output error")
               : Error(ErrorKind::full, "no space left on device");
}

Result<std::unique_ptr<File>> SimFiles::open(const std::string& path, OpenMode mode) {
    if (mode == OpenMode::read) {
        return real_.open(path, mode);
    }
    if (auto trouble = this->trouble(Call::open)) {
        return failure(*trouble);
    }
    const bool was_there = real_.exists(path);
    auto file = real_.open(path, mode);
    if (!file) {
        return failure(file.error());
    }
    if (!was_there) {
        changes_.push_back({.path = path, .from = {}, .content = std::nullopt});
    }
    const auto size = (*file)->size();
    if (!size) {
        return failure(size.error());
    }
    synced_.try_emplace(path, *size);
    return std::make_unique<SimFile>(std::move(*file), *this, path);
}

Status SimFiles::create_directories(const std::string& path) {
    return real_.create_directories(path);
}

Result<std::vector<std::string>> SimFiles::list(const std::string& path) {
    return real_.list(path);
}

Status SimFiles::rename(const std::string& from, const std::string& to) {
    if (auto trouble = this->trouble(Call::rename)) {
        return failure(*trouble);
    }
    std::optional<std::string> replaced;
    if (real_.exists(to)) {
        replaced = read_file(real_, to, whole).value_or(std::string());
    }
    changes_.push_back({.path = to, .from = from, .content = std::move(replaced)});
    if (auto unsynced = synced_.extract(from)) {
        unsynced.key() = to;
        synced_.insert(std::move(unsynced));
    }
    return real_.rename(from, to);
}

Status SimFiles::remove(const std::string& path) {
    if (!real_.exists(path)) {
        return {};
    }
    if (auto trouble = this->trouble(Call::remove)) {
        return failure(*trouble);
    }
    changes_.push_back(
        {.path = path, .from = {}, .content = read_file(real_, path, whole).value_or(std::string())}
    );
    synced_.erase(path);
    return real_.remove(path);
}

Status SimFiles::remove_directory(const std::string& path) {
    return real_.remove_directory(path);
}

bool SimFiles::exists(const std::string& path) {
    return real_.exists(path);
}

Status SimFiles::sync_directory(const std::string& /*path*/) {
    if (auto trouble = this->trouble(Call::sync)) {
        return failure(*trouble);
    }
    changes_.clear();
    return {};
}

Result<std::uint64_t> SimFiles::free_bytes(const std::string& path) {
    return real_.free_bytes(path);
}

void SimFiles::undo(const Undo& change) {
    if (!change.from.empty()) {
        std::filesystem::rename(change.path, change.from);
    }
    if (!change.content) {
        std::filesystem::remove(change.path);
        return;
    }
    if (std::FILE* file = std::fopen(change.path.c_str(), "wb")) {
        std::fwrite(change.content->data(), 1, change.content->size(), file);
        std::fclose(file);
    }
}

void SimFiles::power_on() {
    for (const auto& [path, synced] : synced_) {
        std::error_code problem;
        const std::uint64_t size = std::filesystem::file_size(path, problem);
        if (!problem && size > synced) {
            std::filesystem::resize_file(path, synced + random_() % (size - synced + 1));
        }
    }
    const std::size_t kept = changes_.empty() ? 0 : random_() % (changes_.size() + 1);
    while (changes_.size() > kept) {
        undo(changes_.back());
        changes_.pop_back();
    }
    changes_.clear();
    synced_.clear();
    fault_.reset();
}

}  // namespace muster::test
