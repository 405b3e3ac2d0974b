// Owns: a network between two programs that does to datagrams what networks do: delays, loses, doubles and swaps them. UDP; the half
// for TCP is chaos_proxy.hpp.
#pragma once

#include "base/random.hpp"
#include "base/task.hpp"
#include "base/time.hpp"

#include <boost/asio/ip/udp.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace muster::test {

/// What happens to the datagrams of one direction. Changes count from the next one on.
struct ChaosPath {
    Duration delay{};              ///< of each
    Duration jitter{};             ///< up to this much more: later ones overtake
    std::uint64_t lost = 0;        ///< of 1,000
    std::uint64_t doubled = 0;     ///< of 1,000: sent again, delayed anew
    std::uint64_t lose_first = 0;  ///< so many are lost whatever chance says; counts down
};

/// Listens on `address`:`port` and passes datagrams on to `to`, and answers back to whoever asked, as if they came from `address`.
/// Chance is of the seed alone: the same datagrams meet the same fate. Lives on the loop of the test.
class ChaosUdp {
  public:
    using Udp = boost::asio::ip::udp;

    ChaosUdp(
        asio::io_context& loop,
        const Udp::endpoint& listen,
        const Udp::endpoint& to,
        std::uint64_t seed
    );
    ChaosUdp(const ChaosUdp&) = delete;
    ChaosUdp& operator=(const ChaosUdp&) = delete;
    ~ChaosUdp();

    struct Counts {
        std::uint64_t seen = 0;
        std::uint64_t lost = 0;
        std::uint64_t doubled = 0;
        std::uint64_t overtaken = 0;  ///< passed on after one that came later
    };

    ChaosPath to_server;
    ChaosPath to_client;

    const Counts& requests() const { return requests_; }

    const Counts& answers() const { return answers_; }

  private:
    struct Client {
        Client(asio::io_context& loop, Udp::endpoint from);

        Udp::socket socket;  // to the server
        Udp::endpoint from;
    };

    static Task<void> receive_requests(ChaosUdp* self);
    static Task<void> receive_answers(ChaosUdp* self, std::shared_ptr<Client> client);
    /// Sends a datagram from `by` to `to`, or does not, later.
    void pass(
        ChaosPath& path, Counts& counts, Udp::socket& by, const Udp::endpoint& to, std::string bytes
    );
    static Task<void> deliver(
        Udp::socket* by,
        Udp::endpoint to,
        std::string bytes,
        Duration after,
        std::uint64_t number,
        std::uint64_t* newest,
        Counts* counts
    );

    asio::io_context& loop_;
    Udp::socket socket_;  // to clients
    Udp::endpoint to_;
    SeededRandom random_;
    std::map<Udp::endpoint, std::shared_ptr<Client>>
        clients_;  // shared with what receives for them
    Counts requests_;
    Counts answers_;
    std::uint64_t newest_request_ = 0;
    std::uint64_t newest_answer_ = 0;
    TaskGroup tasks_;
};

}  // namespace muster::test
