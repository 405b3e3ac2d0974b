// Owns: a collector's API for tests of the command line: canned answers over plain HTTP on a loopback port.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace muster::ctl {

struct CannedAnswer {
    int status = 200;
    std::string body;
};

struct SeenRequest {
    std::string line;  ///< "POST /api/v1/join-tokens"
    std::string authorization;
    std::string body;
};

/// Answers "METHOD target" from its table, 404 with a problem document for the rest. One request a connection.
class CannedServer {
  public:
    explicit CannedServer(std::map<std::string, CannedAnswer> answers);
    ~CannedServer();
    CannedServer(const CannedServer&) = delete;
    CannedServer& operator=(const CannedServer&) = delete;

    std::string url() const;
    std::vector<SeenRequest> seen() const;

  private:
    void serve();
    void answer(int connection);

    std::map<std::string, CannedAnswer> answers_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::vector<SeenRequest> seen_;
    std::thread thread_;
};

}  // namespace muster::ctl
