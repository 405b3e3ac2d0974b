// Owns: running one coroutine to its end in a test, and the certificates tests use.
#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"
#include "wire/certificates.hpp"
#include "wire/tls.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <utility>

namespace muster::wire::test {

template <class T>
Task<void> keep_result(std::optional<T>* kept, Task<T> work) {
    T result = co_await std::move(work);
    kept->emplace(std::move(result));
}

/// Runs the loop until `work` has ended, at most ten seconds.
template <class T>
T run(asio::io_context& loop, Task<T> work) {
    std::optional<T> kept;
    std::exception_ptr problem;
    bool is_done = false;
    asio::co_spawn(
        loop,
        keep_result<T>(&kept, std::move(work)),
        [&problem, &is_done](std::exception_ptr end) {
            problem = std::move(end);
            is_done = true;
        }
    );
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_done && std::chrono::steady_clock::now() < deadline) {
        loop.restart();
        loop.run_one_until(deadline);
    }
    if (problem) {
        std::rethrow_exception(problem);
    }
    if (!kept) {
        ADD_FAILURE() << "a coroutine did not end within ten seconds";
        std::abort();
    }
    return std::move(*kept);
}

/// An authority, a server for localhost and 127.0.0.1, and agents.
struct Certificates {
    WallTime now = SystemClock().wall();
    KeyAndCertificate authority = make_authority("Muster test", now).value();
    KeyAndCertificate server =
        issue_server(authority, {"localhost", "127.0.0.1", "::1"}, now, std::chrono::hours(1))
            .value();

    TlsIdentity for_server() const {
        return {
            server.certificate_pem + authority.certificate_pem,
            server.key_pem,
            authority.certificate_pem
        };
    }

    TlsIdentity for_agent(AgentId agent, Duration valid = std::chrono::hours(1)) const {
        const KeyAndRequest request = make_request("agent").value();
        const auto issued = issue_agent(authority, request.request_pem, agent, now, valid).value();
        return {issued.certificate_pem, request.key_pem, authority.certificate_pem};
    }
};

inline AgentId agent_number(std::uint8_t number) {
    Uuid id;
    id.bytes.fill(number);
    return AgentId{id};
}

}  // namespace muster::wire::test
