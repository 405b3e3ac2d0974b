#include "tests/support/power_cut_files.hpp"

#include <algorithm>

namespace muster::test {

namespace {

constexpr std::size_t sector = 512;
constexpr const char* says_no = "the disk does not do it";

class OpenFile final : public File {
  public:
    OpenFile(std::shared_ptr<PowerCutFiles::Inode> inode, const PowerCutFiles& files)
        : inode_(std::move(inode)), files_(files) {}

    Status append(std::string_view data) override {
        if (files_.fails) {
            inode_->content.append(data.substr(0, data.size() / 2));
            return failure(*files_.fails, says_no);
        }
        inode_->content.append(data);
        return {};
    }

    Result<std::string> read(std::uint64_t offset, std::size_t limit) override {
        return offset < inode_->content.size() ? inode_->content.substr(offset, limit) : "";
    }

    Status sync() override {
        if (files_.fails) {
            inode_->content.resize(inode_->durable);
            return failure(*files_.fails, says_no);
        }
        inode_->durable = inode_->content.size();
        return {};
    }

    Status truncate(std::uint64_t size) override {
        inode_->content.resize(size);
        inode_->durable = std::min<std::size_t>(inode_->durable, size);
        return {};
    }

    Result<std::uint64_t> size() override { return inode_->content.size(); }

  private:
    std::shared_ptr<PowerCutFiles::Inode> inode_;  // see Names
    const PowerCutFiles& files_;
};

void tear(PowerCutFiles::Inode& inode, Random& random) {
    const std::size_t unsynced = inode.content.size() - inode.durable;
    inode.content.resize(inode.durable + random.below(unsynced + 1));
    const std::uint64_t manner = random.below(3);
    for (std::size_t at = inode.durable; manner > 0 && at < inode.content.size(); at += sector) {
        if (random.below(3) != 0) {
            continue;
        }
        const std::size_t end = std::min(inode.content.size(), at + sector);
        for (std::size_t byte = at; byte < end; ++byte) {
            inode.content[byte] = manner == 1 ? '\0' : static_cast<char>(random.below(256));
        }
    }
    inode.durable = inode.content.size();
}

}  // namespace

void PowerCutFiles::cut(Random& random) {
    const std::uint64_t kept = random.below(unsynced_.size() + 1);
    names_ = kept == 0 ? durable_ : unsynced_[kept - 1];
    unsynced_.clear();
    lose_open_files();
    for (auto& [name, inode] : names_) {
        tear(*inode, random);
    }
    durable_ = names_;
}

/// They write into nothing. A file of several names, now or before, stays one.
void PowerCutFiles::lose_open_files() {
    std::map<std::shared_ptr<Inode>, std::shared_ptr<Inode>> copies;
    const auto copy = [&copies](Names& names) {
        for (auto& [name, inode] : names) {
            auto& copied = copies[inode];
            if (!copied) {
                copied = std::make_shared<Inode>(*inode);
            }
            inode = copied;
        }
    };
    copy(names_);
    copy(durable_);
    for (Names& names : unsynced_) {
        copy(names);
    }
}

void PowerCutFiles::kill() {
    lose_open_files();
}

PowerCutFiles PowerCutFiles::image() const {
    PowerCutFiles copy = *this;
    copy.lose_open_files();
    return copy;
}

bool PowerCutFiles::flip_bit(Random& random, std::string_view suffix) {
    std::vector<Inode*> found;
    for (const auto& [name, inode] : names_) {
        if (name.ends_with(suffix) && !inode->content.empty()) {
            found.push_back(inode.get());
        }
    }
    if (found.empty()) {
        return false;
    }
    std::string& content = found[random.below(found.size())]->content;
    char& byte = content[random.below(content.size())];
    byte = static_cast<char>(byte ^ (1 << random.below(8)));
    return true;
}

Status PowerCutFiles::refuse(const std::string& path) const {
    return fails ? Status(failure(*fails, says_no, path)) : Status();
}

Result<std::unique_ptr<File>> PowerCutFiles::open(const std::string& path, OpenMode mode) {
    const auto found = names_.find(path);
    if (found != names_.end()) {
        if (mode == OpenMode::create_new) {
            return failure(ErrorKind::conflict, "it exists", path);
        }
        return std::make_unique<OpenFile>(found->second, *this);
    }
    if (mode == OpenMode::read || !folders_.contains(path.substr(0, path.rfind('/')))) {
        return failure(ErrorKind::not_found, "there is no such file", path);
    }
    if (auto refused = refuse(path); !refused) {
        return failure(refused.error());
    }
    auto inode = std::make_shared<Inode>();
    names_[path] = inode;
    unsynced_.push_back(names_);
    return std::make_unique<OpenFile>(std::move(inode), *this);
}

Status PowerCutFiles::create_directories(const std::string& path) {
    if (folders_.contains(path)) {
        return {};
    }
    if (auto refused = refuse(path); !refused) {
        return refused;
    }
    for (std::string part = path; !part.empty(); part = part.substr(0, part.rfind('/'))) {
        folders_.insert(part);
    }
    return {};
}

Result<std::vector<std::string>> PowerCutFiles::list(const std::string& path) {
    const std::string prefix = path + "/";
    std::set<std::string> found;
    const auto take = [&](const std::string& name) {
        if (name.starts_with(prefix)) {
            const std::string below = name.substr(prefix.size());
            found.insert(below.substr(0, below.find('/')));
        }
    };
    std::ranges::for_each(folders_, take);
    for (const auto& [name, inode] : names_) {
        take(name);
    }
    return std::vector<std::string>(found.begin(), found.end());
}

Status PowerCutFiles::rename(const std::string& from, const std::string& to) {
    const auto found = names_.find(from);
    if (found == names_.end()) {
        return failure(ErrorKind::not_found, "there is no such file", from);
    }
    if (auto refused = refuse(from); !refused) {
        return refused;
    }
    names_[to] = found->second;
    names_.erase(from);
    unsynced_.push_back(names_);
    return {};
}

Status PowerCutFiles::remove(const std::string& path) {
    // What is not there costs nothing and cannot fail.
    if (!names_.contains(path)) {
        return {};
    }
    if (auto refused = refuse(path); !refused) {
        return refused;
    }
    names_.erase(path);
    unsynced_.push_back(names_);
    return {};
}

Status PowerCutFiles::remove_directory(const std::string& path) {
    folders_.erase(path);
    return {};
}

bool PowerCutFiles::exists(const std::string& path) {
    return names_.contains(path) || folders_.contains(path);
}

Status PowerCutFiles::sync_directory(const std::string& path) {
    if (auto refused = refuse(path); !refused) {
        return refused;
    }
    durable_ = names_;
    unsynced_.clear();
    return {};
}

Result<std::uint64_t> PowerCutFiles::free_bytes(const std::string& path) {
    static_cast<void>(path);
    return free;
}

}  // namespace muster::test
