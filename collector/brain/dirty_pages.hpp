// Owns: remembering which pages of an array were written since the last snapshot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster::collector {

/// One byte a page, so that marking is a store without a read. Grows by `grow`.
class DirtyPages {
  public:
    void grow(std::size_t pages) {
        if (pages > marks_.size()) {
            marks_.resize(pages, 1);
        }
    }

    /// `page` must have been grown to.
    void mark(std::size_t page) { marks_[page] = 1; }

    bool is_marked(std::size_t page) const { return page < marks_.size() && marks_[page] != 0; }

    std::size_t size() const { return marks_.size(); }

    std::uint8_t* data() { return marks_.data(); }

    void mark_all() { marks_.assign(marks_.size(), 1); }

    void clear() { marks_.assign(marks_.size(), 0); }

  private:
    std::vector<std::uint8_t> marks_;
};

}  // namespace muster::collector
