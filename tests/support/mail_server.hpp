// Owns: a real mail server (Debian's exim4) for tests: on loopback, without rights, every mail kept in a folder.
#pragma once

#include "base/time.hpp"
#include "tests/support/process.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::test {

/// A mail as it was delivered.
struct ReceivedMail {
    std::map<std::string, std::string>
        headers;              ///< names in lower case, unfolded, words decoded (RFC 2047)
    std::string body;         ///< decoded, lines end with a line feed
    std::string envelope_to;  ///< who it was for, as the server noted it
};

/// exim4 on 127.0.0.1 with STARTTLS by the certificate given, AUTH PLAIN under TLS for "muster" with the password "geheim".
/// Takes mail for example.net; refuses nobody-here@, puts off greylisted@. A domain it does not know it refuses.
class MailServer {
  public:
    MailServer(const std::string& certificate_pem, const std::string& key_pem);
    ~MailServer();
    MailServer(const MailServer&) = delete;
    MailServer& operator=(const MailServer&) = delete;

    /// "127.0.0.1:PORT"
    std::string address() const;
    void stop();
    /// On the same port, with the mails there were.
    void start();
    /// All mails, in order of arrival.
    std::vector<ReceivedMail> mails() const;
    /// Waits until there are that many.
    std::vector<ReceivedMail> wait_for(std::size_t count, Duration patience) const;
    /// When each mail was taken, to the millisecond, in order.
    std::vector<WallTime> arrivals() const;
    std::string log() const;

  private:
    std::string folder_;
    std::uint16_t port_ = 0;
    std::optional<Process> process_;
};

}  // namespace muster::test
