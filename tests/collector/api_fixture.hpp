// Owns: the API over a real state.db, with and without a real TLS listener, for tests. Everything runs in one thread.
#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"
#include "collector/api/api.hpp"
#include "collector/api/http_server.hpp"
#include "collector/enrolment/access_adapter.hpp"
#include "tests/support/temp_dir.hpp"
#include "wire/certificates.hpp"
#include "wire/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::collector::test {

/// Runs the loop until the task has ended; throws what it threw.
template <class T>
T run(asio::io_context& loop, Task<T> task) {
    std::optional<T> found;
    std::exception_ptr problem;
    auto finished = [&](std::exception_ptr thrown, T value) {
        problem = thrown;
        found.emplace(std::move(value));
    };
    asio::co_spawn(loop, std::move(task), std::move(finished));
    loop.restart();
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!found && std::chrono::steady_clock::now() < give_up) {
        loop.run_one_for(std::chrono::milliseconds(50));
    }
    if (problem) {
        std::rethrow_exception(problem);
    }
    EXPECT_TRUE(found.has_value()) << "the task did not end";
    return std::move(found.value());
}

/// 16 bytes that end in `number`, as ids are stored.
std::string id_bytes(std::uint8_t number);
/// The same as text.
std::string id_text(std::uint8_t number);

/// state.db with the brain's schema, filled row by row.
class StateFile {
  public:
    explicit StateFile(const std::string& path);

    void ci(
        std::uint8_t id,
        const std::string& name,
        const std::string& state = "up",
        const std::string& site = "HQ"
    );
    void agent(
        std::uint8_t id,
        const std::string& name,
        const std::string& state = "connected",
        const std::string& site = "HQ"
    );
    /// From here on nobody watches the agent's probes; `to` 0: until now.
    void unobserved(std::uint8_t agent, std::int64_t from, std::int64_t to = 0);
    void probe(
        std::uint8_t id,
        std::uint8_t ci,
        std::uint8_t agent,
        const std::string& name,
        const std::string& state
    );
    void incident(std::int64_t number, std::uint8_t ci, const std::string& state = "new");
    void timeline(std::int64_t incident, std::int64_t lsn, const std::string& kind);
    void message(
        std::int64_t lsn,
        std::int64_t incident,
        const std::string& channel,
        const std::string& transition = "opened"
    );
    void message_is(const std::string& id, const std::string& state);

    Database& database() { return database_; }

  private:
    Database database_;
};

/// What the API asked of its surroundings, and what it is to be told.
struct Surroundings {
    std::vector<Command> commands;
    Result<Verdict> verdict = Verdict{200, R"({"ok":true})", "42"};
    Permission granted = Permission::administer;
    ReadScope scope = ReadScope::everything();
    std::vector<std::string> enrolled;  ///< host names
    Result<EnrolAnswer> enrol_answer = EnrolAnswer{};
    std::vector<std::string> recovered;  ///< signatures
    Result<RecoverAnswer> recover_answer = RecoverAnswer{};
    std::vector<HealthCheck> health;
    std::optional<ChannelTest> channel_test;  ///< what each channel answers; nothing: there is none
    std::string nobody_told;
    std::vector<BackupRow> backups;
};

class ApiTest : public ::testing::Test {
  protected:
    ApiTest();
    ~ApiTest() override;

    /// Straight into the API, as from a connection of that door, and from this machine where the request says nothing else.
    /// The token "good" is as `around_` says; sessions, users and other tokens are real.
    HttpResponse ask(HttpRequest request);
    HttpResponse get(const std::string& target, const std::string& token = "good");
    HttpResponse post(
        const std::string& target,
        const std::string& body,
        std::map<std::string, std::string> headers = {}
    );
    /// Any method; the good token unless `headers` has one or a cookie.
    HttpResponse send(
        const std::string& method,
        const std::string& path,
        const std::string& body,
        std::map<std::string, std::string> headers = {}
    );
    static boost::json::value body_of(const HttpResponse& response);

    void open_access();
    /// Starts the listener on port 0.
    void listen(HttpLimits limits = {});
    void stop_listening();
    Result<wire::HttpAnswer> call(wire::HttpCall call);
    std::string url(const std::string& path) const;

    muster::test::TempDir dir_;
    asio::io_context loop_;
    RealFiles files_;
    ManualClock clock_{wall_from_ns(1'795'000'000'000'000'000)};
    SystemRandom random_;
    StateFile state_;
    std::optional<StateReader> reader_;
    Surroundings around_;
    std::optional<CertificateAuthority> access_authority_;
    std::optional<AccessAdapter> access_;
    AccessOperations real_access_;
    ConfigurationKeeper configuration_;
    ApiContext context_;
    std::optional<Api> api_;
    wire::KeyAndCertificate authority_;
    std::optional<HttpServer> server_;
};

}  // namespace muster::collector::test
