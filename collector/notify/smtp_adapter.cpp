#include "collector/notify/smtp_adapter.hpp"

#include "base/bytes.hpp"
#include "wire/line_connection.hpp"

#include <charconv>
#include <utility>

namespace muster::collector {

namespace {

constexpr std::size_t detail_bytes = 300;

/// "[::1]:25" → ::1 and 25; configuration checking has seen that it is of that form.
wire::LineServer parts_of(SmtpServer server) {
    wire::LineServer parts;
    parts.remedy = "give its authority's certificate as ca_file of the channel";
    const std::string& text = server.address;
    const std::size_t colon = text.rfind(':');
    parts.host = text.substr(0, colon);
    if (parts.host.starts_with('[') && parts.host.ends_with(']')) {
        parts.host = parts.host.substr(1, parts.host.size() - 2);
    }
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), parts.port);
    parts.ca_pem = std::move(server.ca_pem);
    return parts;
}

Task<Status> perform(
    wire::LineConnection* connection, SmtpDialogue* dialogue, config::MailTls tls, Deadline deadline
) {
    Status done = co_await connection->connect(deadline);
    if (done && tls == config::MailTls::implicit) {
        done = co_await connection->start_tls();
    }
    SmtpAction action;
    while (done && action.kind != SmtpAction::Kind::finish) {
        if (action.kind == SmtpAction::Kind::start_tls) {
            done = co_await connection->start_tls();
            if (done) {
                action = dialogue->encrypted();
            }
            continue;
        }
        if (action.kind == SmtpAction::Kind::write) {
            done = co_await connection->write(std::move(action.bytes));
            action = {};
            continue;
        }
        const Result<std::string> line = co_await connection->read_line();
        if (!line) {
            co_return failure(line.error());
        }
        action = dialogue->line(*line);
    }
    co_return done;
}

/// A courtesy: whether it arrives changes nothing.
Task<Result<int>> converse(
    wire::LineConnection* connection, SmtpDialogue* dialogue, config::MailTls tls, Deadline deadline
) {
    const Status done = co_await perform(connection, dialogue, tls, deadline);
    if (!done) {
        co_return failure(done.error());
    }
    const Status said = co_await connection->write("QUIT\r\n");
    co_return said ? 1 : 0;
}

}  // namespace

Task<SmtpResult> send_mail(
    asio::io_context& loop, SmtpServer server, SmtpSession session, SmtpMail mail, Deadline deadline
) {
    const std::string name = server.address;
    const config::MailTls tls = session.tls;
    SmtpDialogue dialogue(std::move(session), std::move(mail));
    wire::LineConnection connection(loop, parts_of(std::move(server)));
    Task<Result<int>> conversing = converse(&connection, &dialogue, tls, deadline);
    const Result<int> done = co_await within(deadline, name, std::move(conversing));
    SmtpResult result = dialogue.result();
    if (!done && !dialogue.is_over()) {
        result.detail = printable(done.error().text(), detail_bytes);
    }
    co_return result;
}

}  // namespace muster::collector
