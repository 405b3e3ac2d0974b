// Owns: a real HTTP listener that keeps what it was told. One thread; plain HTTP/1.1, one request a connection.
#pragma once

#include "base/time.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace muster::test {

struct HookCall {
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
    WallTime at{};  ///< when it had arrived whole
};

/// Listens on 127.0.0.1 until destroyed. `received` counts a repeated Idempotency-Key once, as a receiver is told to.
class WebhookListener {
  public:
    /// `port` 0: any that is free.
    explicit WebhookListener(std::uint16_t port = 0);
    ~WebhookListener();
    WebhookListener(const WebhookListener&) = delete;
    WebhookListener& operator=(const WebhookListener&) = delete;

    std::string url() const;
    /// Accepted calls, first delivery of each key, in order.
    std::vector<HookCall> received() const;
    /// Every call, repeats and refused ones included.
    std::size_t calls() const;
    /// When every call had arrived whole, repeats and refused ones included, in order.
    std::vector<MonoTime> arrivals() const;
    /// The Idempotency-Key of every call, in order.
    std::vector<std::string> keys() const;
    /// The next `count` calls are answered 503 and not kept.
    void refuse_next(int count);

  private:
    void serve();
    void answer(int connection);

    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stop_{false};
    mutable std::mutex mutex_;  // between the listener's thread and the test
    std::vector<HookCall> received_;
    std::map<std::string, int> seen_;
    std::size_t calls_ = 0;
    std::vector<MonoTime> arrivals_;
    std::vector<std::string> keys_;
    int refuse_ = 0;
    std::thread thread_;
};

/// True when the Muster-Signature header is the HMAC-SHA256 of "<t>.<body>" under `key`.
bool signature_holds(const HookCall& call, const std::string& key);

}  // namespace muster::test
