// Owns: the agents of others that run beside ours, and how they are asked. Leaves to monitor.cpp: what is measured.
#pragma once

#include "bench/bench_collector.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace muster::bench {

/// Asks a monitor of others something, as its server would; whether it answers.
inline bool ask(std::uint16_t port, const std::string& question) {
    const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval patience{2, 0};
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::size_t read = 0;
    if (::connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
        ::send(connection, question.data(), question.size(), MSG_NOSIGNAL) > 0) {
        char buffer[4096];
        for (ssize_t got = 0; (got = ::recv(connection, buffer, sizeof buffer, 0)) > 0;) {
            read += static_cast<std::size_t>(got);
        }
    }
    ::close(connection);
    return read > 0;
}

/// An agent of others, and what it is asked again and again. Asked to end when it is no longer needed: those it has started end with it.
struct Peer {
    Peer(
        std::string name,
        std::uint16_t port,
        std::vector<std::string> questions,
        test::Process process
    )
        : name(std::move(name)),
          port(port),
          questions(std::move(questions)),
          process(std::move(process)) {}

    Peer(Peer&&) = default;
    Peer& operator=(Peer&&) = delete;

    ~Peer() {
        process.signal(SIGTERM);
        process.wait(std::chrono::seconds(5));
    }

    std::string name;
    std::uint16_t port;
    std::vector<std::string> questions;
    test::Process process;
};

/// A question for a Zabbix agent: "ZBXD", flags 1, and the length in 4 + 4 bytes, little-endian (Zabbix protocol, header).
inline std::string zabbix_question(const std::string& key) {
    std::string out("ZBXD\x01");
    for (int i = 0; i < 8; ++i) {
        out.push_back(i < 4 ? static_cast<char>(key.size() >> (8 * i)) : '\0');
    }
    return out + key;
}

/// Those that are installed, answering.
inline std::vector<Peer> start_peers(const test::TempDir& dir) {
    std::vector<Peer> out;
    std::vector<std::string> questions;
    for (const char* key :
         {"agent.ping",
          "system.cpu.load[all,avg1]",
          "vm.memory.size[available]",
          "vfs.fs.size[/,pused]",
          "net.if.in[lo]"}) {
        questions.push_back(zabbix_question(key));
    }
    const auto add = [&](const std::string& name,
                         std::uint16_t port,
                         std::vector<std::string> asked,
                         std::vector<std::string> command) {
        if (!std::filesystem::exists(command.front())) {
            std::cerr << name << " is not installed and not measured (script/bootstrap agents)\n";
            return;
        }
        const std::string log = dir / (name + ".log");
        test::Process process = test::Process::start(std::move(command), {{}, log});
        const Peer& peer = out.emplace_back(name, port, std::move(asked), std::move(process));
        if (!eventually(std::chrono::seconds(20), [&] {
                return ask(port, peer.questions.front());
            })) {
            give_up(name + " does not answer:\n" + test::read_text(log));
        }
    };
    test::write_text(
        dir / "zabbix_agentd.conf",
        fmt::format(
            "Server=127.0.0.1\nListenIP=127.0.0.1\nListenPort=10950\nLogType=console\nHostname="
            "bench\nAllowRoot=1\nPidFile={}/zabbix_agentd.pid\n",
            dir.path()
        )
    );
    add("zabbix_agentd",
        10950,
        questions,
        {"/usr/sbin/zabbix_agentd", "-f", "-c", dir / "zabbix_agentd.conf"});
    test::write_text(
        dir / "zabbix_agent2.conf",
        fmt::format(
            "Server=127.0.0.1\nListenIP=127.0.0.1\nListenPort=10951\nLogType=console\nHostname="
            "bench\nControlSocket={0}/agent2.sock\nPidFile={0}/agent2.pid\n",
            dir.path()
        )
    );
    add("zabbix_agent2",
        10951,
        questions,
        {"/usr/sbin/zabbix_agent2", "-f", "-c", dir / "zabbix_agent2.conf"});
    add("node_exporter",
        10952,
        {"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n"},
        {"/usr/bin/prometheus-node-exporter", "--web.listen-address=127.0.0.1:10952"});
    return out;
}

}  // namespace muster::bench
