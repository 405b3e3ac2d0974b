#include "agent/inventory.hpp"

#include "base/log.hpp"
#include "base/thread_name.hpp"
#include "base/uuid.hpp"

#include <boost/asio/post.hpp>

#include <malloc.h>
#include <mutex>
#include <thread>
#include <utility>

namespace muster::agent {

namespace {

constexpr std::size_t most_logged = 512;  // bytes

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) {
        all += (all.empty() ? "" : "; ") + text;
    }
    return all.size() <= most_logged ? all : all.substr(0, most_logged) + " …";
}

}  // namespace

/// Between the loop and the thread of a look, which may outlive the loop.
struct Inventory::Shared {
    std::mutex mutex;
    asio::io_context* loop = nullptr;  ///< nothing once nobody waits for an answer
    Inventory* owner = nullptr;        ///< the loop's thread only
};

Inventory::Inventory(
    asio::io_context& loop,
    const Clock& clock,
    Random& random,
    InventoryOptions options,
    Deliver deliver
)
    : clock_(clock),
      random_(random),
      options_(std::move(options)),
      deliver_(std::move(deliver)),
      tasks_(loop),
      shared_(std::make_shared<Shared>()) {
    shared_->loop = &loop;
    shared_->owner = this;
}

Inventory::~Inventory() {
    stop();
}

void Inventory::start() {
    if (options_.every > Duration{}) {
        tasks_.start("inventory", run(this));
    }
}

void Inventory::stop() {
    shared_->owner = nullptr;
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->loop = nullptr;
    }
    tasks_.stop();
}

Task<void> Inventory::run(Inventory* self) {
    do {
        if (!self->looking_) {
            self->look();
        }
    } while (co_await sleep_for(self->options_.every));
}

void Inventory::look() {
    looking_ = true;
    auto work = [shared = shared_, host = options_.host, now = clock_.wall()] {
        name_thread("inventory");
        HostInventory found = look_at_host(host, now);
        const std::lock_guard lock(shared->mutex);
        if (shared->loop == nullptr) {
            return;
        }
        asio::post(*shared->loop, [shared, inventory = std::move(found)]() mutable {
            if (shared->owner != nullptr) {
                shared->owner->take(std::move(inventory));
            }
        });
    };
    // Nothing is waited for: a helper that hangs must not hold up the end of the agent.
    std::thread(std::move(work)).detach();
}

void Inventory::take(HostInventory inventory) {
    looking_ = false;
    tell_lacking(inventory.seen.lacking);
    if (pace_.take(inventory, clock_.mono())) {
        inventory.seen.run = Uuid::random(random_).text();
        log(LogLevel::info,
            "inventory.sent",
            {{"items", inventory.seen.items.size()},
             {"lacking", inventory.seen.lacking.size()},
             {"full", inventory.seen.full}});
        deliver_(inventory_record(std::move(inventory.seen), clock_.wall(), clock_.mono()));
    }
    // A look takes a few MiB for a moment, once an hour: they go back.
    ::malloc_trim(0);
}

void Inventory::tell_lacking(const std::vector<std::string>& lacking) {
    if (lacking == told_lacking_) {
        return;
    }
    told_lacking_ = lacking;
    if (!lacking.empty()) {
        log(LogLevel::info, "inventory.lacking", {{"what", joined(lacking)}});
    }
}

}  // namespace muster::agent
