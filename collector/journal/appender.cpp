#include "collector/journal/appender.hpp"

#include <deque>
#include <utility>

namespace muster::collector {

namespace {

constexpr Duration between_tries = std::chrono::seconds(1);

struct Unwritten {
    Pending entry;
    Appender::Stored stored;
};

}  // namespace

struct Appender::Impl : std::enable_shared_from_this<Appender::Impl> {
    Impl(JournalThread& thread, const Clock& time) : journal(&thread), clock(&time) {}

    JournalThread* journal;
    const Clock* clock;
    std::deque<Unwritten> unwritten;
    MonoTime next_try{};

    void append(Unwritten wanted);
};

void Appender::Impl::append(Unwritten wanted) {
    std::vector<Pending> entries(1, wanted.entry);
    const auto kept = std::make_shared<Unwritten>(std::move(wanted));  // std::function copies
    journal->append(
        std::move(entries),
        [self = weak_from_this(), kept](const Result<AppendAnswer>& answer) {
            const auto impl = self.lock();
            if (!impl) {
                return;
            }
            if (answer && kept->stored) {
                kept->stored();
            } else if (!answer && answer.error().kind() == ErrorKind::full) {
                impl->unwritten.push_back(std::move(*kept));
            }
        }
    );
}

Appender::Appender(JournalThread& journal, const Clock& clock)
    : impl_(std::make_shared<Impl>(journal, clock)) {}

Appender::~Appender() = default;

void Appender::append(Pending entry, Stored stored) {
    impl_->append({std::move(entry), std::move(stored)});
}

void Appender::append(EntryKind kind, std::string body, Stored stored) {
    Pending entry;
    entry.kind = kind;
    entry.body = std::move(body);
    append(std::move(entry), std::move(stored));
}

void Appender::retry() {
    const MonoTime now = impl_->clock->mono();
    if (impl_->unwritten.empty() || now < impl_->next_try) {
        return;
    }
    impl_->next_try = now + between_tries;
    for (Unwritten& wanted : std::exchange(impl_->unwritten, {})) {
        impl_->append(std::move(wanted));
    }
}

std::size_t Appender::waiting() const {
    return impl_->unwritten.size();
}

}  // namespace muster::collector
