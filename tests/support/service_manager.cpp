#include "tests/support/service_manager.hpp"

#include "tests/support/eventually.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <filesystem>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::test {

ServiceManager::ServiceManager(Address address) {
    const std::string path = dir_ / "notify";
    sockaddr_un own{};
    own.sun_family = AF_UNIX;
    std::ranges::copy(path, std::begin(own.sun_path));
    std::size_t length = offsetof(sockaddr_un, sun_path) + path.size();
    address_ = path;
    if (address == Address::abstract) {
        own.sun_path[0] = '\0';
        address_.front() = '@';
    } else {
        ++length;
    }
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&own), static_cast<socklen_t>(length)) !=
        0) {
        ::close(socket_);
        socket_ = -1;
    }
}

ServiceManager::~ServiceManager() {
    ::close(socket_);
}

std::map<std::string, std::string> ServiceManager::environment(Duration watchdog) const {
    const auto period = std::chrono::duration_cast<std::chrono::microseconds>(watchdog).count();
    return {{"NOTIFY_SOCKET", address_}, {"WATCHDOG_USEC", std::to_string(period)}};
}

const std::vector<std::string>& ServiceManager::heard() {
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0; (size = ::recv(socket_, buffer.data(), buffer.size(), 0)) > 0;) {
        heard_.emplace_back(buffer.data(), static_cast<std::size_t>(size));
    }
    return heard_;
}

std::size_t ServiceManager::count(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        heard(),
        [text](const std::string& message) { return message.find(text) != std::string::npos; }
    ));
}

bool ServiceManager::hears(std::string_view text, Duration patience) {
    return eventually(patience, [&] { return count(text) > 0; });
}

bool ServiceManager::hears_again(std::string_view text, Duration patience) {
    const std::size_t before = count(text);
    return eventually(patience, [&] { return count(text) > before; });
}

StoppedThread::StoppedThread(int pid, const std::string& name) {
    const std::string threads = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& entry : std::filesystem::directory_iterator(threads)) {
        if (read_text(entry.path() / "comm") != name + "\n") {
            continue;
        }
        const std::string number = entry.path().filename();
        int thread = -1;
        std::from_chars(number.data(), number.data() + number.size(), thread);
        if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) == 0 &&
            ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0) {
            int status = 0;
            static_cast<void>(::waitpid(thread, &status, __WALL));
            thread_ = thread;
        }
        return;
    }
}

StoppedThread::~StoppedThread() {
    if (thread_ > 0) {
        static_cast<void>(::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr));
    }
}

}  // namespace muster::test
