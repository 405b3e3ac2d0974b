#include "tests/support/peers.hpp"

#include "tests/support/eventually.hpp"

#include <arpa/inet.h>
#include <filesystem>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::test {

Process start_snmpd(const TempDir& dir, const std::string& address, std::uint16_t port) {
    const std::string folder = dir / ("snmpd-" + address);
    std::filesystem::create_directories(folder);
    write_text(
        folder + "/snmpd.conf",
        "agentAddress udp:" + address + ":" + std::to_string(port) +
            "\nrocommunity public\n"
            "createUser roll SHA-256 authentic-1 AES confidential-1\n"
            "rouser roll priv\nsysName tested\n"
    );
    return Process::start(
        {"/usr/sbin/snmpd", "-f", "-Lo", "-C", "-c", folder + "/snmpd.conf", "-p", folder + "/pid"},
        {{{"SNMP_PERSISTENT_DIR", folder}, {"MIBS", ""}}, folder + "/log"}
    );
}

Process start_nginx(const TempDir& dir, const std::string& address, std::uint16_t port) {
    const std::string folder = dir / ("nginx-" + address);
    std::filesystem::create_directories(folder + "/temp");
    std::string temporary;
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
        temporary += std::string(kind) + "_temp_path " + folder + "/temp/" + kind + ";\n";
    }
    write_text(
        folder + "/nginx.conf",
        "daemon off;\nmaster_process off;\npid " + folder + "/pid;\nerror_log " + folder +
            "/error.log;\nevents {}\nhttp {\naccess_log off;\n" + temporary + "server { listen " +
            address + ":" + std::to_string(port) +
            "; location / { return 200 \"all is well\"; } }\n}\n"
    );
    return Process::start(
        {"/usr/sbin/nginx", "-p", folder, "-e", folder + "/error.log", "-c", folder + "/nginx.conf"
        },
        {{}, folder + "/log"}
    );
}

bool listens(const std::string& address, std::uint16_t port, Duration patience) {
    return eventually(patience, [&] {
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in peer{};
        peer.sin_family = AF_INET;
        peer.sin_port = htons(port);
        ::inet_pton(AF_INET, address.c_str(), &peer.sin_addr);
        const bool connected =
            ::connect(socket, reinterpret_cast<sockaddr*>(&peer), sizeof peer) == 0;
        ::close(socket);
        return connected;
    });
}

}  // namespace muster::test
