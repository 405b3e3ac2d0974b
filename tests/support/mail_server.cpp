#include "tests/support/mail_server.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <netinet/in.h>
#include <pwd.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace muster::test {

namespace {

constexpr const char* configuration = R"(
primary_hostname = mail.test
spool_directory = @/spool
log_file_path = @/%slog
log_selector = +millisec
timezone = UTC
pid_file_path = @/pid
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = @/certificate.pem
tls_privatekey = @/key.pem
domainlist local_domains = example.net
deliver_drop_privilege = true
host_lookup =
rfc1413_hosts =
keep_environment =
acl_smtp_rcpt = check_rcpt
acl_smtp_data = accept
begin acl
check_rcpt:
  deny message = no such user here
       local_parts = nobody-here
  defer message = come back later
        local_parts = greylisted
  accept domains = +local_domains
  deny message = relay not permitted
begin routers
local:
  driver = accept
  domains = +local_domains
  transport = keep
begin transports
keep:
  driver = appendfile
  directory = @/mail
  maildir_format
  create_directory
  envelope_to_add
begin retry
* * F,1h,1m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{muster}}{eq{$auth3}{geheim}}}{yes}{no}}
  server_set_id = $auth2
  server_advertise_condition = ${if def:tls_in_cipher}
)";

std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket, reinterpret_cast<sockaddr*>(&here), sizeof here);
    socklen_t size = sizeof here;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&here), &size);
    ::close(socket);
    return ntohs(here.sin_port);
}

std::string from_base64(const std::string& text) {
    static const std::string digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    unsigned bits = 0;
    int held = 0;
    for (const char c : text) {
        const std::size_t value = digits.find(c);
        if (value == std::string::npos) {
            break;
        }
        bits = (bits << 6U) | static_cast<unsigned>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out += static_cast<char>((bits >> static_cast<unsigned>(held)) & 0xFFU);
        }
    }
    return out;
}

std::string from_quoted(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '=') {
            out += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == '\n') {
            ++i;
        } else if (i + 2 < text.size()) {
            out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        }
    }
    return out;
}

/// "=?UTF-8?B?…?= =?UTF-8?B?…?=" → text.
std::string decoded_words(const std::string& text) {
    std::string out;
    std::istringstream words(text);
    bool after_encoded = false;
    for (std::string word; words >> word;) {
        const bool encoded = word.starts_with("=?UTF-8?B?") && word.ends_with("?=");
        out += out.empty() || (encoded && after_encoded) ? "" : " ";
        out += encoded ? from_base64(word.substr(10, word.size() - 12)) : word;
        after_encoded = encoded;
    }
    return out;
}

ReceivedMail parse(const std::string& text) {
    ReceivedMail mail;
    const std::size_t end = text.find("\n\n");
    std::istringstream head(text.substr(0, end));
    std::vector<std::string> lines;
    for (std::string line; std::getline(head, line);) {
        if (!lines.empty() && (line.starts_with(' ') || line.starts_with('\t'))) {
            lines.back() += line;
        } else {
            lines.push_back(line);
        }
    }
    for (const std::string& line : lines) {
        const std::size_t colon = line.find(':');
        std::string name = line.substr(0, colon);
        std::ranges::transform(name, name.begin(), [](unsigned char c) {
            return static_cast<char>(std::tolower(c));
        });
        mail.headers.emplace(name, decoded_words(line.substr(colon + 1)));
    }
    mail.envelope_to = mail.headers["envelope-to"];
    mail.body = end == std::string::npos ? "" : text.substr(end + 2);
    if (mail.headers["content-transfer-encoding"] == "quoted-printable") {
        mail.body = from_quoted(mail.body);
    }
    return mail;
}

}  // namespace

MailServer::MailServer(const std::string& certificate_pem, const std::string& key_pem)
    : port_(free_port()) {
    // Not below a TempDir: exim's user must get there.
    char pattern[] = "/tmp/muster-mail-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    std::string text = configuration;
    for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at)) {
        text.replace(at, 1, folder_);
        at += folder_.size();
    }
    std::filesystem::create_directory(folder_ + "/spool");
    write_text(
        folder_ + "/exim.conf", "daemon_smtp_ports = " + std::to_string(port_) + "\n" + text
    );
    write_text(folder_ + "/certificate.pem", certificate_pem);
    write_text(folder_ + "/key.pem", key_pem);
    if (const passwd* user = ::getpwnam("Debian-exim"); user != nullptr && ::geteuid() == 0) {
        for (const char* name : {"", "/spool", "/exim.conf", "/certificate.pem", "/key.pem"}) {
            (void)::chown((folder_ + name).c_str(), user->pw_uid, user->pw_gid);
        }
    }
    start();
}

MailServer::~MailServer() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::string MailServer::address() const {
    return "127.0.0.1:" + std::to_string(port_);
}

void MailServer::start() {
    std::vector<std::string> command;
    if (::geteuid() == 0) {
        command = {
            "/usr/bin/setpriv", "--reuid=Debian-exim", "--regid=Debian-exim", "--clear-groups"
        };
    }
    for (const std::string& word :
         {std::string("/usr/sbin/exim4"),
          std::string("-C"),
          folder_ + "/exim.conf",
          std::string("-bdf"),
          std::string("-q1m")}) {
        command.push_back(word);
    }
    process_.emplace(Process::start(std::move(command), {{}, "/dev/null"}));
    (void)listens("127.0.0.1", port_, std::chrono::seconds(10));
}

void MailServer::stop() {
    if (process_) {
        process_->signal(SIGTERM);
        (void)process_->wait(std::chrono::seconds(5));
        process_.reset();
    }
}

std::vector<ReceivedMail> MailServer::mails() const {
    std::vector<std::pair<std::filesystem::file_time_type, std::string>> files;
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/mail/new", missing)) {
        files.emplace_back(entry.last_write_time(), entry.path().string());
    }
    std::ranges::sort(files);
    std::vector<ReceivedMail> all;
    for (const auto& [time, path] : files) {
        all.push_back(parse(read_text(path)));
    }
    return all;
}

std::vector<ReceivedMail> MailServer::wait_for(std::size_t count, Duration patience) const {
    (void)eventually(patience, [&] { return mails().size() >= count; });
    return mails();
}

// 2026-11-30 19:39:29.123 1vPxyz-0004Ab-1C <= muster@example.net H=localhost …
std::vector<WallTime> MailServer::arrivals() const {
    std::vector<WallTime> all;
    std::istringstream lines(read_text(folder_ + "/mainlog"));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string date, time, id, direction;
        words >> date >> time >> id >> direction;
        if (direction == "<=") {
            all.push_back(parse_rfc3339(date + "T" + time + "Z").value());
        }
    }
    return all;
}

std::string MailServer::log() const {
    return read_text(folder_ + "/mainlog") + read_text(folder_ + "/paniclog") +
           read_text(folder_ + "/rejectlog");
}

}  // namespace muster::test
