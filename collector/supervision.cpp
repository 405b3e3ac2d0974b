#include "collector/supervision.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace muster::collector {

namespace {

constexpr Duration look_every = std::chrono::seconds(1);
constexpr Duration more_time = std::chrono::seconds(30);
constexpr Lsn most_unsaid_entries = 1000;

}  // namespace

FoldProgress::FoldProgress(const FoldFeed& feed) : feed_(&feed), seen_(feed.next()) {}

bool FoldProgress::look() {
    const Lsn next = feed_->next();
    const bool moved = next != seen_ || feed_->lag().entries == 0;
    seen_ = next;
    return moved;
}

Supervision::Supervision(
    NotifySocket socket, const FoldFeed& brain, std::function<std::string()> status
)
    : socket_(std::move(socket)), brain_(&brain), status_(std::move(status)) {}

void Supervision::start(TaskGroup& tasks) {
    if (!socket_.has_listener()) {
        return;
    }
    tasks.start("supervision.tell", tell());
    const auto brain = std::make_shared<FoldProgress>(*brain_);  // std::function copies
    tasks.start("supervision.alive", keep_alive(socket_, [brain] { return brain->look(); }));
}

void Supervision::ready() {
    is_ready_ = true;
    told_ = status_();
    socket_.ready(told_);
}

void Supervision::reloading() const {
    socket_.reloading();
}

void Supervision::reloaded() const {
    socket_.ready(status_());
}

void Supervision::stopping(const std::string& why, Duration patience) const {
    socket_.stopping("stopping: " + why);
    socket_.extend(patience);
}

Task<void> Supervision::tell() {
    FoldProgress catching_up(*brain_);
    do {
        if (!is_ready_ && catching_up.look()) {
            socket_.extend(more_time);
        }
        std::string now = status_();
        if (now != told_) {
            socket_.status(now);
            told_ = std::move(now);
        }
    } while (co_await sleep_for(look_every));
}

std::string status_line(Lsn behind) {
    return fmt::format("catching up: {} entries behind the journal", behind);
}

std::string status_line(
    std::uint16_t people_port, std::uint16_t agents_port, std::size_t agents, Lsn behind
) {
    const std::string lag = behind > most_unsaid_entries ? "; " + status_line(behind) : "";
    return fmt::format(
        "people on port {}, agents on port {}; {} agents connected{}",
        people_port,
        agents_port,
        agents,
        lag
    );
}

}  // namespace muster::collector
