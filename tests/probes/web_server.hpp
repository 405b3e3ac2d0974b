// Owns: nginx with the corners an http probe meets: statuses, bodies, redirects, certificates.
#pragma once

#include "base/clock.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/peers.hpp"
#include "wire/certificates.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace muster::probes::test {

inline constexpr std::uint16_t web_port = 18080;
inline constexpr std::uint16_t tls_port = 18443;
inline constexpr std::uint16_t expired_port = 18444;

/// nginx on one address: http at web_port, https at tls_port (names: `address` and good.test), a certificate of yesterday at
/// expired_port. Stopped with the object.
class WebServer {
  public:
    explicit WebServer(std::string address) : address_(std::move(address)) {
        const SystemClock clock;
        const WallTime now = clock.wall();
        const auto authority = wire::make_authority("tests", now - std::chrono::hours(72)).value();
        ca_pem = authority.certificate_pem;
        const auto good =
            wire::issue_server(authority, {"good.test", address_}, now, std::chrono::hours(24 * 30))
                .value();
        const auto expired = wire::issue_server(
                                 authority,
                                 {"good.test", address_},
                                 now - std::chrono::hours(48),
                                 std::chrono::hours(1)
        )
                                 .value();
        std::filesystem::create_directories(dir_ / "temp");
        write_pair("good", good);
        write_pair("expired", expired);
        muster::test::write_text(dir_ / "nginx.conf", configuration());
        process_.emplace(muster::test::Process::start(
            {"/usr/sbin/nginx",
             "-p",
             dir_.path(),
             "-e",
             dir_ / "error.log",
             "-c",
             dir_ / "nginx.conf"},
            {{}, dir_ / "log"}
        ));
    }

    bool ready() const {
        return muster::test::listens(address_, web_port, std::chrono::seconds(10)) &&
               muster::test::listens(address_, tls_port, std::chrono::seconds(10));
    }

    std::string log() const {
        return muster::test::read_text(dir_ / "log") + muster::test::read_text(dir_ / "error.log");
    }

    /// Whether a request to /seen had this in its first line or headers; nginx writes it down only after its answer.
    bool has_seen(const std::string& text) const {
        return muster::test::eventually(std::chrono::seconds(5), [&] {
            return muster::test::read_text(dir_ / "seen.log").find(text) != std::string::npos;
        });
    }

    std::string ca_pem;

  private:
    void write_pair(const std::string& name, const wire::KeyAndCertificate& pair) const {
        muster::test::write_text(dir_ / (name + ".crt"), pair.certificate_pem);
        muster::test::write_text(dir_ / (name + ".key"), pair.key_pem);
    }

    std::string listen(std::uint16_t port) const {
        return "listen " + address_ + ":" + std::to_string(port);
    }

    std::string tls_block(std::uint16_t port, const std::string& pair) const {
        return "server { " + listen(port) + " ssl; ssl_certificate " + dir_ / (pair + ".crt") +
               "; ssl_certificate_key " + dir_ / (pair + ".key") +
               "; location / { return 200 \"all is well\"; } location /away { return 302 http://" +
               address_ + ":" + std::to_string(web_port) + "/seen; } }\n";
    }

    std::string configuration() const {
        std::string text = "daemon off;\nmaster_process off;\npid " + dir_ / "pid" +
                           ";\nerror_log " + dir_ / "error.log" + ";\nevents {}\nhttp {\n";
        for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
            text += std::string(kind) + "_temp_path " + dir_ / "temp" + "/" + kind + ";\n";
        }
        text += "access_log off;\nlog_format seen '$request host=$host token=$http_x_token';\n";
        text += "server { " + listen(web_port) + ";\n" +
                "location / { return 200 \"all is well\"; }\n"
                "location /missing { return 404 \"not here\"; }\n"
                "location /broken { return 503; }\n"
                "location /once { return 301 /seen; }\n"
                "location /round { return 302 /round; }\n"
                "location /elsewhere { return 302 http://localhost:" +
                std::to_string(web_port) + "/seen; }\n" + "location /big { root " + dir_.path() +
                "; }\n" + "location /seen { access_log " + dir_ / "seen.log" +
                " seen; return 200 \"seen\"; }\n}\n";
        muster::test::write_text(dir_ / "big", std::string(3'000'000, 'x') + "the end");
        return text + tls_block(tls_port, "good") + tls_block(expired_port, "expired") + "}\n";
    }

    std::string address_;
    muster::test::TempDir dir_;
    std::optional<muster::test::Process> process_;
};

}  // namespace muster::probes::test
